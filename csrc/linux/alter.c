/*
 * A stopped LWP's registers, by PTRACE_GETREGSET and PTRACE_SETREGSET.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "linux_kernel.h"

int64_t
pico_linux_get_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, void *regs, size_t size)
{
	struct iovec io = { regs, size };

	(void)k;
	(void)pid;
	return ptrace(PTRACE_GETREGSET, lwp, NT_PRSTATUS, &io) < 0 ? -errno : (int64_t)io.iov_len;
}

int
pico_linux_set_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, const void *regs, size_t size)
{
	struct iovec io = { (void *)(uintptr_t)regs, size };

	(void)k;
	(void)pid;
	return ptrace(PTRACE_SETREGSET, lwp, NT_PRSTATUS, &io) < 0 ? -errno : 0;
}
