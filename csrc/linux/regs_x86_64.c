/*
 * x86-64 registers. The number and arguments of a call outlive it but for rax, rcx and r11.
 */
#ifdef __x86_64__

#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include "linux_kernel.h"

int
pico_linux_regs_call(int32_t lwp, struct pico_call *call)
{
	struct user_regs_struct regs;
	struct iovec io = { &regs, sizeof(regs) };

	memset(call, 0, sizeof(*call));
	if (ptrace(PTRACE_GETREGSET, lwp, NT_PRSTATUS, &io) < 0)
		return -errno;
	if (io.iov_len != sizeof(regs)) {
		/* A 32-bit program: its registers are another struct, which is not read here. */
		call->sysnum = -1;
		return 0;
	}
	call->sysnum = (int64_t)regs.orig_rax;
	call->args[0] = regs.rdi;
	call->args[1] = regs.rsi;
	call->args[2] = regs.rdx;
	call->args[3] = regs.r10;
	call->args[4] = regs.r8;
	call->args[5] = regs.r9;
	return 0;
}

#endif
