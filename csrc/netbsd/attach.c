/*
 * Attaching to a process that runs, stopping one, and letting go: from any state to where it was.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netbsd_kernel.h"

enum { MOMENTS = 2000 };	/* of a millisecond, for an execve to be over */

/* The LWPs of a stopped process. */
static int
enumerate(int32_t pid, int32_t *lwps, int max)
{
	int n = 0;
#ifdef PT_LWPNEXT	/* NetBSD 10 */
	struct ptrace_lwpstatus status;

	memset(&status, 0, sizeof(status));
	while (n < max && ptrace(PT_LWPNEXT, pid, &status, sizeof(status)) == 0 && status.pl_lwpid != 0)
		lwps[n++] = status.pl_lwpid;
#else
	struct ptrace_lwpinfo info;

	memset(&info, 0, sizeof(info));
	while (n < max && ptrace(PT_LWPINFO, pid, &info, sizeof(info)) == 0 && info.pl_lwpid != 0)
		lwps[n++] = info.pl_lwpid;
#endif
	return n;
}

/* PT_ATTACH sends a SIGSTOP; what arrives first may be another signal. */
static int
wait_for_stop(struct netbsd_kernel *k, struct netbsd_tracee *t)
{
	pid_t got;

	do
		got = pico_netbsd_wait_for(t, &t->status, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	t->has_status = 1;
	if (!WIFSTOPPED(t->status))
		return 0;
	return pico_netbsd_set_mask(k, t);
}

/* Where it is in an execve it is told to be busy, too (10.99.12: ptrace_allowed()): that is over soon. */
static int
begin(int32_t pid)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct kinfo_proc2 proc;

	for (int i = 0; ptrace(PT_ATTACH, pid, NULL, 0) < 0; i++) {
		int e = -errno;
		if (e != -EBUSY || i == MOMENTS || !pico_netbsd_proc(pid, &proc) || proc.p_flag & P_TRACED)
			return e;
		(void)nanosleep(&moment, NULL);
	}
	return 0;
}

int
pico_netbsd_attach(struct pico_kernel *kernel, int32_t pid, int report, int32_t *lwps, int max)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct kinfo_proc2 proc;

	if (pico_netbsd_find(k, pid) != NULL)
		return 0;	/* all LWPs of it are ours */
	if (!pico_netbsd_proc(pid, &proc))
		return -ESRCH;
	int e = begin(pid);
	if (e < 0)
		return e;
	struct netbsd_tracee *t = pico_netbsd_add(k, pid);
	if (t == NULL) {
		int status;
		(void)waitpid(pid, &status, 0);
		(void)ptrace(PT_DETACH, pid, (void *)1, 0);
		return -ENOMEM;
	}
	t->was_stopped = proc.p_realstat == SSTOP;
	t->is_hosts = proc.p_ppid == getpid();
	t->stop_asked = 1;
	k->report = report;
	e = wait_for_stop(k, t);
	if (e == -ECHILD) {
		pico_netbsd_forget(k, t);
		return -ESRCH;
	}
	int n = enumerate(pid, lwps, max);
	t->has_lwps = n > 1;
	if (n == 0)
		lwps[n++] = pid;	/* it has just been killed: its end comes next */
	return n;
}

/* One stop nearer to the SIGSTOP that ends a slice, all let go with that signal, or, where it is negative, that LWP
 * alone: the signal to be passed on, or -errno. */
static int
await_stop(struct netbsd_tracee *t, int data)
{
	if (ptrace(PT_CONTINUE, t->pid, (void *)1, data > 0 ? pico_netbsd_to_pass(data) : data) < 0)
		return pico_netbsd_error();
	while (pico_netbsd_wait_for(t, &t->status, 0) < 0)
		if (errno != EINTR)
			return -ESRCH;
	if (!WIFSTOPPED(t->status)) {
		t->has_status = 1;
		t->stands = 0;
		return -ESRCH;
	}
	switch (WSTOPSIG(t->status)) {
	case SIGSTOP:
		t->was_stopped |= !pico_netbsd_is_slice_end(t);
		return 0;
	case SIGCONT:	/* which takes back a SIGSTOP that has not come */
		t->slice_ends = kill(t->pid, SIGSTOP) == 0;
		return SIGCONT;
	case SIGTRAP:
		return 0;
	default:
		return WSTOPSIG(t->status);
	}
}

/* A SIGSTOP that ends a slice and has not come yet would stop it when nobody traces it any more. It comes at once,
 * unless a signal does before: that is passed on, and not told of. */
static int
await_slice_end(struct netbsd_tracee *t)
{
	ptrace_event_t none;
	int signo = 0;

	memset(&none, 0, sizeof(none));
	if (t->slice_ends)
		(void)ptrace(PT_SET_EVENT_MASK, t->pid, &none, sizeof(none));
	while (t->slice_ends && signo >= 0)
		signo = await_stop(t, signo);
	return MIN(signo, 0);
}

/* An LWP that has taken a step stops for it when it is let go, and if nobody traces it any more, is killed by that
 * (10.99.12: trapsignal()). It does so at once, let go alone; one that has none to tell of stops for the SIGSTOP. */
static int
await_steps(struct netbsd_tracee *t)
{
	size_t count = 0;
	struct kinfo_lwp *all = t->has_lwps && t->steps.count > 0 ? pico_netbsd_lwps(t->pid, &count) : NULL;
	int signo = 0;

	for (size_t i = 0; all != NULL && i < count && signo >= 0; i++) {
		int32_t lwp = all[i].l_lid;
		if (lwp == t->lwp || !pico_netbsd_has_lwp(&t->steps, lwp) || !pico_netbsd_can_run(t, &all[i]))
			continue;
		pico_netbsd_stepped(t, lwp);
		t->slice_ends = t->slice_ends || kill(t->pid, SIGSTOP) == 0;
		signo = await_stop(t, -lwp);
		if (signo > 0)
			(void)kill(t->pid, signo);	/* when it goes on */
	}
	free(all);
	pico_netbsd_steps_end(t);
	return MIN(signo, 0);
}

int
pico_netbsd_detach(struct pico_kernel *kernel, int32_t pid, int32_t lwp, int signo)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);

	(void)lwp;
	if (t == NULL)
		return -ESRCH;
	int e = await_steps(t);
	if (e == 0)
		e = await_slice_end(t);
	if (e < 0)
		return e;
	if (signo == 0)
		signo = t->lost;
	int stop = signo == 0 && t->was_stopped ? SIGSTOP : 0;
	if (ptrace(PT_DETACH, pid, (void *)1, stop) < 0)
		return pico_netbsd_error();
	pico_netbsd_forget(k, t);
	/* Another signal is lost by PT_DETACH: it is looked for in those alone that are still traced
	 * (10.99.12: sigchecktrace()). */
	if (signo != 0)
		(void)kill(pid, signo);
	return 0;
}

/* Not by PT_STOP where that can be avoided: it makes a SIGSTOP of a stop that has not been waited for yet. */
int
pico_netbsd_interrupt(struct pico_kernel *kernel, int32_t pid, int32_t lwp)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);

	(void)lwp;
	if (t == NULL)
		return -ESRCH;
	if (t->stands)
		return 1;
	if (t->stop_asked)
		return 0;
	t->stop_asked = 1;
	if (t->slice_ends) {
		t->slice_ends = 0;	/* that SIGSTOP will do */
		return 0;
	}
	if (kill(pid, SIGSTOP) == 0)
		return 0;
#ifdef PT_STOP	/* NetBSD 10 */
	if (ptrace(PT_STOP, pid, NULL, 0) == 0)
		return 0;
#endif
	return pico_netbsd_error();
}
