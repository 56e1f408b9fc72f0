/*
 * Breakpoints of one LWP, by the debug registers of x86. Each LWP has its own: neither a child nor a new LWP
 * gets them, and an execve clears them (the kernel's flush_ptrace_hw_breakpoint).
 *
 * Where an instruction is reached the kernel sets the resume flag (hw_breakpoint_handler), so that
 * it is executed when the LWP goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "linux_kernel.h"

#ifdef __x86_64__

enum { PLACES = 4, CONTROL = 7 };

#define PLACE(n) ((void *)(offsetof(struct user, u_debugreg) + (size_t)(n) * sizeof(long)))
#define ENABLED(n) (3ul << (2 * (n)))
/* 0: one byte, executed */
#define KIND(n) (15ul << (16 + 4 * (n)))

static int
peek(int32_t lwp, int n, uint64_t *value)
{
	errno = 0;
	*value = (uint64_t)ptrace(PTRACE_PEEKUSER, lwp, PLACE(n), NULL);
	return -errno;
}

static int
poke(int32_t lwp, int n, uint64_t value)
{
	return ptrace(PTRACE_POKEUSER, lwp, PLACE(n), (void *)value) < 0 ? -errno : 0;
}

int
pico_linux_breakpoint(struct pico_kernel *kernel, int32_t pid, int32_t lwp, uint64_t addr, int set)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	uint64_t control, there;

	(void)pid;
	int e = peek(lwp, CONTROL, &control);
	for (int n = 0; e == 0 && n < PLACES; n++) {
		int used = (control & ENABLED(n)) != 0;
		e = used ? peek(lwp, n, &there) : 0;
		if (e < 0 || (used && there != addr) || (!used && !set))
			continue;
		if (!set)
			return poke(lwp, CONTROL, control & ~ENABLED(n));
		if (used)
			return 0;
		e = poke(lwp, n, addr);
		if (e < 0)
			return e;
		k->breakpoints = 1;
		return poke(lwp, CONTROL, (control & ~KIND(n)) | (1ul << (2 * n)));
	}
	return e < 0 ? e : set ? -ENOSPC : -ENOENT;
}

void
pico_linux_breakpoints_clear(const struct linux_kernel *k, int32_t lwp)
{
	if (k->breakpoints)
		(void)poke(lwp, CONTROL, 0);	/* ESRCH: killed */
}

#else

/* AArch64 has to be stepped over its own (only breakpoints of perf are, by the kernel's breakpoint_handler). */
int
pico_linux_breakpoint(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, int set)
{
	(void)k, (void)pid, (void)lwp, (void)addr, (void)set;
	return -EOPNOTSUPP;
}

void
pico_linux_breakpoints_clear(const struct linux_kernel *k, int32_t lwp)
{
	(void)k, (void)lwp;
}

#endif
