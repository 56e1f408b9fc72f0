/*
 * The other LWPs of a process, stopped for the tracer to look at: their stops are kept for the wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "linux_kernel.h"

/* Between two looks at one that has not stopped yet. */
enum { LOOK_NS = 100000 };

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* What has been waited for of it, and not been taken: the last of that; NULL: nothing. */
static const struct linux_early *
kept(const struct linux_kernel *k, int32_t lwp)
{
	for (uint32_t i = k->early_count; i > k->early_next; i--)
		if (k->early[i - 1].id == lwp)
			return &k->early[i - 1];
	return NULL;
}

/* 1: it stands; 0: it does not, or has ended. */
static int
wait_for(struct linux_kernel *k, int32_t lwp, uint64_t until)
{
	const struct timespec pause = { 0, LOOK_NS };
	const struct linux_early *before = kept(k, lwp);
	int status;

	if (before != NULL)
		return WIFSTOPPED(before->status);
	for (;;) {
		pid_t got = pico_linux_wait_for(lwp, &status, WNOHANG);
		if (got == lwp)
			return pico_linux_keep(k, lwp, status) ? WIFSTOPPED(status) : -ENOMEM;
		if (got < 0 && errno != EINTR)
			return 0;
		if (now_ns() > until)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
}

int
pico_linux_gather(struct pico_kernel *kernel, int32_t pid, int32_t *lwps, int count, uint64_t timeout_ns)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	uint64_t until = now_ns() + timeout_ns;

	(void)pid;
	for (int i = 0; i < count; i++)
		if (kept(k, lwps[i]) == NULL)
			(void)ptrace(PTRACE_INTERRUPT, lwps[i], NULL, NULL);	/* ESRCH: it has ended */
	for (int i = 0; i < count; i++) {
		int e = wait_for(k, lwps[i], until);
		if (e < 0)
			return e;
		if (e == 0)
			lwps[i] = 0;
	}
	return 0;
}
