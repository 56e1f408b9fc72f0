/*
 * LWPs that go on for one instruction. PT_SETSTEP has an LWP stop after one whenever its process goes on, all others
 * run meanwhile, and calls are seen. It has that until it comes to a stop of its own: what stops the process before
 * may be another's doing.
 *
 * Not PT_STEP: calls of other LWPs are not seen, or the others wait, perhaps for ever, where the instruction is a call
 * that waits for them. And a child made by it has the processor's trap flag from its parent (10.99.12:
 * cpu_lwp_fork()), which kills it where nobody traces it.
 *
 * Nor while a handler is entered: the trap flag would be in what is restored when it returns, and kill the process
 * where nobody traces it any more (amd64: cpu_getmcontext(), cpu_setmcontext()). The handler runs without it anyway
 * (buildcontext()).
 *
 * From the exit of a call on amd64 a step ends with the way out of it, before the next instruction (sysret with the
 * trap flag): that is not told, and another follows.
 */
#include <sys/param.h>
#include <sys/ptrace.h>

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../core/bytes.h"
#include "netbsd_kernel.h"
#include "regs.h"

#ifdef PT_STEP

/* 0: it cannot be known. */
static uint64_t
place(const struct netbsd_tracee *t, int32_t lwp)
{
	struct pico_raw raw;

	memset(&raw, 0, sizeof(raw));
	return pico_netbsd_read_regs(t->pid, lwp, &raw) == 0 ? pico_netbsd_pc_of(&raw) : 0;
}

/* One that leaves a call, or NULL. */
static struct netbsd_way_out *
find(const struct netbsd_tracee *t, int32_t lwp)
{
	for (uint32_t i = 0; i < t->leaving_count; i++)
		if (t->leaving[i].lwp == lwp)
			return &t->leaving[i];
	return NULL;
}

static int
leave(struct netbsd_tracee *t, int32_t lwp)
{
	struct netbsd_way_out *way = find(t, lwp);

	if (way == NULL) {
		struct netbsd_way_out *more = realloc(t->leaving, (t->leaving_count + 1) * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		t->leaving = more;
		way = &more[t->leaving_count++];
	}
	*way = (struct netbsd_way_out){ .lwp = lwp, .left = place(t, lwp) };
	return 0;
}

int
pico_netbsd_step(struct netbsd_tracee *t, int32_t lwp)
{
	int e = t->returns ? leave(t, lwp) : 0;

	if (e < 0 || pico_netbsd_has_lwp(&t->steps, lwp))
		return e;
	e = pico_netbsd_put_lwp(&t->steps, lwp);
	if (e == 0 && ptrace(PT_SETSTEP, t->pid, NULL, lwp) < 0) {
		e = pico_netbsd_error();
		pico_netbsd_drop_lwp(&t->steps, lwp);
	}
	return e;
}

void
pico_netbsd_stepped(struct netbsd_tracee *t, int32_t lwp)
{
	if (!pico_netbsd_has_lwp(&t->steps, lwp))
		return;
	(void)ptrace(PT_CLEARSTEP, t->pid, NULL, lwp);	/* ESRCH: it has ended */
	pico_netbsd_drop_lwp(&t->steps, lwp);
}

void
pico_netbsd_steps_rest(const struct netbsd_tracee *t, int32_t lwp)
{
	if (pico_netbsd_has_lwp(&t->steps, lwp))
		(void)ptrace(PT_CLEARSTEP, t->pid, NULL, lwp);	/* ESRCH: killed, as the next request tells */
}

void
pico_netbsd_steps_go_on(const struct netbsd_tracee *t, int32_t lwp)
{
	if (pico_netbsd_has_lwp(&t->steps, lwp))
		(void)ptrace(PT_SETSTEP, t->pid, NULL, lwp);	/* ESRCH: as above */
}

int
pico_netbsd_is_way_out(struct netbsd_tracee *t, int status)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];

	if (pico_netbsd_siginfo(t->pid, siginfo) < 0)
		return 0;
	struct netbsd_way_out *way = find(t, pico_i32(siginfo + NETBSD_PSI_LWPID));
	if (way == NULL)
		return 0;
	int is = WSTOPSIG(status) == SIGTRAP && pico_netbsd_is_trap(siginfo, TRAP_TRACE) && way->left != 0 &&
	    place(t, way->lwp) == way->left;
	*way = t->leaving[--t->leaving_count];
	return is;
}

void
pico_netbsd_steps_end(struct netbsd_tracee *t)
{
	while (t->steps.count > 0)
		pico_netbsd_stepped(t, t->steps.ids[0]);
}

#else

int
pico_netbsd_step(struct netbsd_tracee *t, int32_t lwp)
{
	(void)t, (void)lwp;
	return -EOPNOTSUPP;
}

void
pico_netbsd_stepped(struct netbsd_tracee *t, int32_t lwp)
{
	(void)t, (void)lwp;
}

void
pico_netbsd_steps_rest(const struct netbsd_tracee *t, int32_t lwp)
{
	(void)t, (void)lwp;
}

void
pico_netbsd_steps_go_on(const struct netbsd_tracee *t, int32_t lwp)
{
	(void)t, (void)lwp;
}

int
pico_netbsd_is_way_out(struct netbsd_tracee *t, int status)
{
	(void)t, (void)status;
	return 0;
}

void
pico_netbsd_steps_end(struct netbsd_tracee *t)
{
	(void)t;
}

#endif

void
pico_netbsd_steps_free(struct netbsd_tracee *t)
{
	pico_netbsd_drop_lwps(&t->steps);
	free(t->leaving);
	t->leaving = NULL;
	t->leaving_count = 0;
}
