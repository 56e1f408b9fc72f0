/*
 * Traps that are pending: a step or a breakpoint queues a SIGTRAP, but a stop by PTRACE_INTERRUPT comes
 * before signals are taken from the queue (get_signal() in the kernel's kernel/signal.c).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/ptrace.h>

#include "linux_kernel.h"

enum { MANY = 16 };

int
pico_linux_trapped(struct pico_kernel *kernel, int32_t lwp)
{
	siginfo_t queue[MANY];
	struct __ptrace_peeksiginfo_args args = { .nr = MANY };	/* the LWP's own, not its process's */
	long n;

	(void)kernel;
	for (; (n = ptrace(PTRACE_PEEKSIGINFO, lwp, &args, queue)) > 0; args.off += (uint64_t)n)
		for (long i = 0; i < n; i++)
			/* One that somebody has sent may be masked, and be there for ever. */
			if (queue[i].si_signo == SIGTRAP && queue[i].si_code > 0)
				return 1;
	return 0;
}
