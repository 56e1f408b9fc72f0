/*
 * Signals of the tracer's, by tgkill(2) and PTRACE_SETSIGINFO.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "encode.h"
#include "linux_kernel.h"

int
pico_linux_send(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	unsigned long message;

	(void)k;
	/* One that was killed takes signals until its end has been waited for; ptrace knows better. */
	if (ptrace(PTRACE_GETEVENTMSG, lwp, NULL, &message) < 0)
		return -errno;
	return syscall(SYS_tgkill, pid, lwp, signo) < 0 ? -errno : 0;
}

int
pico_linux_set_siginfo(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *ev)
{
	siginfo_t info;

	(void)k;
	(void)pid;
	pico_linux_siginfo(ev, (uint8_t *)&info, sizeof(info));
	return ptrace(PTRACE_SETSIGINFO, lwp, NULL, &info) < 0 ? -errno : 0;
}
