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
	if (pico_netbsd_get_regs(NULL, t->pid, lwp, raw.regs, sizeof(raw.regs)) < 0)
		return 0;
	raw.machine = pico_netbsd_machine();
	return pico_netbsd_pc_of(&raw);
}

int
pico_netbsd_step(struct netbsd_tracee *t, int32_t lwp)
{
	if (t->returns) {
		t->leaving = lwp;
		t->left = place(t, lwp);
	}
	if (pico_netbsd_has_lwp(&t->steps, lwp))
		return 0;
	int e = pico_netbsd_put_lwp(&t->steps, lwp);
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

	if (t->leaving == 0 || pico_netbsd_siginfo(t->pid, siginfo) < 0 ||
	    pico_i32(siginfo + NETBSD_PSI_LWPID) != t->leaving)
		return 0;
	int is = WSTOPSIG(status) == SIGTRAP && pico_netbsd_is_trap(siginfo, TRAP_TRACE) &&
	    t->left != 0 && place(t, t->leaving) == t->left;
	t->leaving = 0;
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
