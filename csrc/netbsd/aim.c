/*
 * The LWP that a signal is for. One that is passed on is taken by whichever LWP of the process comes first; where that
 * one masks it, it is lost; and one that sleeps is woken for it (10.99.12: proc_unstop(), sigchecktrace()). So the LWP
 * goes on alone, and the others are suspended until its next stop: that is at its next call, or when its slice of time
 * is over (turns.c).
 *
 * One that stops it inside a call, where it was asleep, is lost when it is passed on: the call ends for it, and nothing
 * else comes of it (10.99.12: sleepq_block()). The next stop is that call's exit, but only where its entry was seen, too
 * (sy_invoke()). So it is passed on once more where the process has taken no signal by its next stop.
 *
 * One for the process is passed on to any that could take it, which need not be the LWP that stopped for it. Where the
 * one that is chosen had come to a stop of its own, that is the next, and the signal is lost (p_xsig in
 * proc_stoptrace(), eventswitch(), trapsignal()): another gets it. Or it stops for the signal itself, which is told
 * already (issignal()). That none has been taken shows which it is.
 *
 * Where it is not told how many were taken, that one has not run shows it, and the exit of a call.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../core/bytes.h"
#include "netbsd_kernel.h"
#include "regs.h"

#ifdef PT_LWPSTATUS	/* NetBSD 10 */

static int
masks(const struct netbsd_tracee *t, int32_t lwp, int signo)
{
	struct ptrace_lwpstatus status;

	memset(&status, 0, sizeof(status));
	status.pl_lwpid = lwp;
	return ptrace(PT_LWPSTATUS, t->pid, &status, sizeof(status)) < 0 || sigismember(&status.pl_sigmask, signo);
}

/* The one whose stop it is; of one for the process any that does not mask it, and is awake, and one that could not take
 * it where there is no other. */
static int32_t
taker(struct netbsd_tracee *t, const struct kinfo_lwp *all, size_t count, int signo)
{
	if (t->lwp != 0 && t->not_for == 0)
		return t->lwp;
	for (size_t i = 0; i < count; i++) {
		int32_t lwp = all[i].l_lid;
		if (lwp == t->not_for || !pico_netbsd_can_run(t, &all[i]) || masks(t, lwp, signo))
			continue;
		memset(&t->before, 0, sizeof(t->before));
		t->chosen = pico_netbsd_read_regs(t->pid, lwp, &t->before) == 0 ? lwp : 0;
		return lwp;
	}
	return t->not_for != 0 && !masks(t, t->not_for, signo) ? t->not_for : 0;
}

static int32_t
aim(struct netbsd_tracee *t, int signo)
{
	size_t count = 0;
	struct kinfo_lwp *all = pico_netbsd_lwps(t->pid, &count);
	t->chosen = 0;
	int32_t lwp = all != NULL ? taker(t, all, count, signo) : 0;
	t->not_for = 0;

	/* Whoever is not put down would stand for ever. */
	for (size_t i = 0; i < count && lwp != 0; i++)
		if (all[i].l_stat == LSSTOP && all[i].l_lid != lwp && pico_netbsd_put_lwp(&t->suspended, all[i].l_lid) == 0)
			(void)ptrace(PT_SUSPEND, t->pid, NULL, all[i].l_lid);	/* ESRCH: killed, as the next request tells */
	free(all);
	return lwp;
}

/* By where it is and its stack: where it stood at the exit of a call, others have the result of that since. */
static int
has_not_run(const struct netbsd_tracee *t)
{
	struct pico_raw now;

	memset(&now, 0, sizeof(now));	/* its padding, too */
	if (t->chosen == 0 || pico_netbsd_read_regs(t->pid, t->chosen, &now) < 0)
		return 0;
	uint64_t pc = pico_netbsd_pc_of(&now);
	if (pc == 0)
		return memcmp(&now, &t->before, sizeof(now)) == 0;
	return pc == pico_netbsd_pc_of(&t->before) && pico_netbsd_sp_of(&now) == pico_netbsd_sp_of(&t->before);
}

#else

static int
masks(const struct netbsd_tracee *t, int32_t lwp, int signo)
{
	(void)t, (void)lwp, (void)signo;
	return 0;
}

static int32_t
aim(struct netbsd_tracee *t, int signo)
{
	(void)signo;
	return t->lwp;
}

static int
has_not_run(const struct netbsd_tracee *t)
{
	(void)t;
	return 0;
}

#endif

int
pico_netbsd_has_not_taken(const struct netbsd_tracee *t)
{
	if (t->taken >= 0)
		return pico_netbsd_taken(t->pid) == t->taken;
	return t->chosen == 0 || has_not_run(t);
}

static void
unsuspend(struct netbsd_tracee *t)
{
	for (uint32_t i = 0; i < t->suspended.count; i++)
		(void)ptrace(PT_RESUME, t->pid, NULL, t->suspended.ids[i]);	/* ESRCH: as above */
	pico_netbsd_drop_lwps(&t->suspended);
}

/* By a request that tells of the exit, if it is inside a call. */
static int
let_go(const struct netbsd_kernel *k, struct netbsd_tracee *t, int request)
{
	int32_t lwp = t->has_lwps ? aim(t, t->passed) : t->one_lwp;
	if (lwp != 0 && pico_netbsd_catches(t->pid, t->passed))
		pico_netbsd_steps_rest(t, lwp);
	t->taken = pico_netbsd_heeds(t->pid, t->passed) ? pico_netbsd_taken(t->pid) : -1;
	int e = pico_netbsd_let_go(k, t, lwp != 0 ? PT_SYSCALL : request, t->passed);

	t->aimed_at = e == 0 ? lwp : 0;
	t->wanted = request;
	if (t->chosen != 0)
		t->echo = t->passed;
	if (t->aimed_at != 0 && t->has_lwps)
		pico_netbsd_slice(t, lwp);
	return e;
}

int
pico_netbsd_pass(const struct netbsd_kernel *k, struct netbsd_tracee *t, int request, int signo)
{
	t->passed = signo;
	if (pico_netbsd_siginfo(t->pid, t->told) < 0)
		memset(t->told, 0, sizeof(t->told));
	t->echo = t->faulted ? signo : 0;
	t->not_for = 0;
	return let_go(k, t, request);
}

int
pico_netbsd_pass_again(const struct netbsd_kernel *k, struct netbsd_tracee *t, int request)
{
	int32_t lwp = pico_i32(t->lost_told + NETBSD_PSI_LWPID);	/* 0: it is for the process */

	if (lwp != 0)
		t->lwp = lwp;
	if (t->lwp != 0 && masks(t, t->lwp, t->lost))	/* by now */
		return pico_netbsd_let_go(k, t, request, 0);
	t->passed = t->lost;
	t->lost = 0;
	if (!pico_netbsd_heeds(t->pid, t->passed))
		return pico_netbsd_let_go(k, t, request, 0);
	t->echo = t->passed;
	memcpy(t->told, t->lost_told, sizeof(t->told));
	pico_netbsd_tell(t->pid, t->told);
	return let_go(k, t, request);
}

/* What was passed on is lost. One is kept; told twice is better than never taken, where it is not for one LWP. */
static void
lose(struct netbsd_tracee *t)
{
	if (pico_netbsd_is_done_again(t->told, t->passed))
		return;
	if (t->lost != 0 && pico_i32(t->lost_told + NETBSD_PSI_LWPID) == 0)
		(void)kill(t->pid, t->lost);
	t->lost = t->passed;
	memcpy(t->lost_told, t->told, sizeof(t->lost_told));
}

/* Of a stop of that siginfo, TRAP_SCE, TRAP_SCX; else 0. */
static int
call(const uint8_t *siginfo, int status)
{
	if (WSTOPSIG(status) != SIGTRAP)
		return 0;
	return pico_netbsd_is_trap(siginfo, TRAP_SCE) ? TRAP_SCE : pico_netbsd_is_trap(siginfo, TRAP_SCX) ? TRAP_SCX : 0;
}

int
pico_netbsd_pass_end(const struct netbsd_kernel *k, struct netbsd_tracee *t, int status)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];
	int own = pico_netbsd_siginfo(t->pid, siginfo) == 0 && pico_i32(siginfo + NETBSD_PSI_LWPID) == t->aimed_at;
	int code = own ? call(siginfo, status) : 0;

	unsuspend(t);
	pico_netbsd_steps_go_on(t, t->aimed_at);
	t->aimed_at = 0;
	t->request = t->wanted;
	int in_vain = t->taken >= 0 ? pico_netbsd_has_not_taken(t) : code == TRAP_SCX || (own && has_not_run(t));
	if (in_vain)
		lose(t);
	if (in_vain && own && code != TRAP_SCX)
		t->not_for = t->chosen;
	t->chosen = 0;
	if (code == 0 || t->wanted != PT_CONTINUE)
		return 0;
	return (t->lost != 0 ? pico_netbsd_pass_again(k, t, t->wanted) : pico_netbsd_let_go(k, t, t->wanted, 0)) == 0;
}
