/*
 * The LWP that a signal is for. One that is passed on is taken by whichever LWP of the process comes first; where that
 * one masks it, it is lost; and one that sleeps is woken for it (10.99.12: proc_unstop(), sigchecktrace()). So the LWP
 * goes on alone, and the others are suspended until its next stop: that is at its next call, or when its slice of time
 * is over (turns.c).
 *
 * One that stops it inside a call, where it was asleep, is lost when it is passed on: the call ends for it, and nothing
 * else comes of it (10.99.12: sleepq_block()). So where the next stop is that call's exit, it is passed on once more.
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

#ifdef PT_LWPSTATUS	/* NetBSD 10 */

static int
masks(const struct netbsd_tracee *t, int32_t lwp, int signo)
{
	struct ptrace_lwpstatus status;

	memset(&status, 0, sizeof(status));
	status.pl_lwpid = lwp;
	return ptrace(PT_LWPSTATUS, t->pid, &status, sizeof(status)) < 0 || sigismember(&status.pl_sigmask, signo);
}

/* The one whose stop it is; of one for the process any that does not mask it, and is awake. */
static int32_t
taker(const struct netbsd_tracee *t, const struct kinfo_lwp *all, size_t count, int signo)
{
	if (t->lwp != 0)
		return t->lwp;
	for (size_t i = 0; i < count; i++)
		if (pico_netbsd_can_run(t, &all[i]) && !masks(t, all[i].l_lid, signo))
			return all[i].l_lid;
	return 0;
}

static int32_t
aim(struct netbsd_tracee *t, int signo)
{
	size_t count = 0;
	struct kinfo_lwp *all = pico_netbsd_lwps(t->pid, &count);
	int32_t lwp = all != NULL ? taker(t, all, count, signo) : 0;

	/* Whoever is not put down would stand for ever. */
	for (size_t i = 0; i < count && lwp != 0; i++)
		if (all[i].l_stat == LSSTOP && all[i].l_lid != lwp && pico_netbsd_put_lwp(&t->suspended, all[i].l_lid) == 0)
			(void)ptrace(PT_SUSPEND, t->pid, NULL, all[i].l_lid);	/* ESRCH: killed, as the next request tells */
	free(all);
	return lwp;
}

#else

static int32_t
aim(struct netbsd_tracee *t, int signo)
{
	(void)signo;
	return t->lwp;
}

#endif

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
	int e = pico_netbsd_let_go(k, t, lwp != 0 ? PT_SYSCALL : request, t->passed);

	t->aimed_at = e == 0 ? lwp : 0;
	t->wanted = request;
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
	return let_go(k, t, request);
}

int
pico_netbsd_pass_again(const struct netbsd_kernel *k, struct netbsd_tracee *t, int request)
{
	t->passed = t->echo = t->lost;
	t->lost = 0;
	pico_netbsd_tell(t->pid, t->told);
	return let_go(k, t, request);
}

/* Where it stops for a call of its own: TRAP_SCE, TRAP_SCX; else 0. */
static int
call(const struct netbsd_tracee *t, int status)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];

	if (WSTOPSIG(status) != SIGTRAP || pico_netbsd_siginfo(t->pid, siginfo) < 0 ||
	    pico_i32(siginfo + NETBSD_PSI_LWPID) != t->aimed_at)
		return 0;
	return pico_netbsd_is_trap(siginfo, TRAP_SCE) ? TRAP_SCE : pico_netbsd_is_trap(siginfo, TRAP_SCX) ? TRAP_SCX : 0;
}

int
pico_netbsd_pass_end(const struct netbsd_kernel *k, struct netbsd_tracee *t, int status)
{
	int code = call(t, status);

	unsuspend(t);
	pico_netbsd_steps_go_on(t, t->aimed_at);
	t->aimed_at = 0;
	t->request = t->wanted;
	if (code == TRAP_SCX)
		t->lost = t->passed;
	if (code == 0 || t->wanted != PT_CONTINUE)
		return 0;
	return (t->lost != 0 ? pico_netbsd_pass_again(k, t, t->wanted) : pico_netbsd_let_go(k, t, t->wanted, 0)) == 0;
}
