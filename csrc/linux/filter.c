/*
 * Filters in the kernel: a seccomp program that stops a tracee at the calls of interest. It is given to a child
 * before its exec, and no process that has one can be without it again.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux_kernel.h"

static int
has_capability(int which)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	return syscall(SYS_capget, &header, data) == 0 &&
	    data[CAP_TO_INDEX(which)].effective & CAP_TO_MASK(which);
}

/* A filter takes CAP_SYS_ADMIN, or the promise that no program gets more rights (seccomp(2)). */
static int
needs_no_new_privs(void)
{
	return !has_capability(CAP_SYS_ADMIN) && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

int
pico_linux_set_filter(struct pico_kernel *kernel, const void *program, uint32_t size)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	uint32_t action = SECCOMP_RET_TRACE;

	/* That could be asked from Linux 4.14 on. Since 4.8 the stop comes where we take it to. */
	if (program != NULL && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return -EOPNOTSUPP;
	k->filter = program;
	k->filter_size = size;
	if (program == NULL || !needs_no_new_privs())
		return PICO_FILTER_FREE;
	/* A tracer without that capability takes the privilege away anyway (execve(2)). */
	return has_capability(CAP_SYS_PTRACE) ? PICO_FILTER_TAKES_PRIVS : PICO_FILTER_NO_NEW_PRIVS;
}

int
pico_linux_filter_install(const struct linux_kernel *k)
{
	const struct sock_fprog program = {
		.len = (unsigned short)(k->filter_size / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)(uintptr_t)k->filter,
	};

	if (needs_no_new_privs() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
