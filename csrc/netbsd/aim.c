/*
 * The LWP that a signal is for. One that is passed on is taken by whichever LWP of the process comes first; where that
 * one masks it, it is lost; and one that sleeps is woken for it (10.99.12: proc_unstop(), sigchecktrace()). So the LWP
 * goes on alone, and the others are suspended until its next stop: that is at its next call, or when its slice of time
 * is over (turns.c).
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
		if (all[i].l_stat == LSSTOP && all[i].l_wmesg[0] == '\0' && !masks(t, all[i].l_lid, signo))
			return all[i].l_lid;
	return 0;
}

int32_t
pico_netbsd_aim(struct netbsd_tracee *t, int signo)
{
	size_t count = 0;

	if (!t->has_lwps || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU)
		return 0;
	struct kinfo_lwp *all = pico_netbsd_lwps(t->pid, &count);
	int32_t lwp = all != NULL ? taker(t, all, count, signo) : 0;
	for (size_t i = 0; i < count && lwp != 0; i++)
		if (all[i].l_stat == LSSTOP && all[i].l_lid != lwp)
			(void)ptrace(PT_SUSPEND, t->pid, NULL, all[i].l_lid);	/* ESRCH: killed, as the next request tells */
	free(all);
	return lwp;
}

#else

int32_t
pico_netbsd_aim(struct netbsd_tracee *t, int signo)
{
	(void)t, (void)signo;
	return 0;
}

#endif

static int
is_call(const struct netbsd_tracee *t, int status)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];

	return WSTOPSIG(status) == SIGTRAP && pico_netbsd_siginfo(t->pid, siginfo) == 0 &&
	    (pico_netbsd_is_trap(siginfo, TRAP_SCE) || pico_netbsd_is_trap(siginfo, TRAP_SCX));
}

int
pico_netbsd_aim_end(struct netbsd_tracee *t, int status)
{
	size_t count = 0;
	struct kinfo_lwp *all = pico_netbsd_lwps(t->pid, &count);

	for (size_t i = 0; all != NULL && i < count; i++)
		if (all[i].l_stat == LSSTOP && all[i].l_lid != t->aimed_at)
			(void)ptrace(PT_RESUME, t->pid, NULL, all[i].l_lid);	/* ESRCH: as above */
	free(all);
	t->aimed_at = 0;
	t->request = t->wanted;
	return t->wanted == PT_CONTINUE && is_call(t, status) && pico_netbsd_let_go(t, PT_CONTINUE, 0) == 0;
}
