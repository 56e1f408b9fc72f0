/*
 * Letting go of a process that stands: what comes of the tracer's doing comes before nobody traces it any more.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "netbsd_kernel.h"

/* One that was killed does not stand any more: its end is waited for, and it may hang in that (netbsd_resume()). */
static int
failed(struct netbsd_tracee *t)
{
	int e = pico_netbsd_error();

	if (e == -ESRCH) {
		t->stands = 0;
		(void)kill(t->pid, SIGKILL);
	}
	return e;
}

/* One stop nearer to the SIGSTOP that ends a slice, all let go with that signal, or, where it is negative, that LWP
 * alone: the signal to be passed on, or -errno. */
static int
await_stop(struct netbsd_tracee *t, int data)
{
	if (ptrace(PT_CONTINUE, t->pid, (void *)1, data > 0 ? pico_netbsd_to_pass(data) : data) < 0)
		return failed(t);
	while (pico_netbsd_wait_for(t, &t->status, 0) < 0)
		if (errno != EINTR) {
			t->stands = 0;	/* some other part of the program has taken its end, as the next wait finds */
			return -ESRCH;
		}
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
		return pico_netbsd_comes_again(t, WSTOPSIG(t->status)) ? 0 : WSTOPSIG(t->status);
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

/* That LWP's next stop, let go alone: where it has none of its own, for a SIGSTOP; without that it is left as it is. */
static int
await_alone(struct netbsd_tracee *t, int32_t lwp)
{
	t->slice_ends = t->slice_ends || kill(t->pid, SIGSTOP) == 0;
	int signo = t->slice_ends ? await_stop(t, -lwp) : 0;
	if (signo > 0)
		(void)kill(t->pid, signo);	/* when it goes on */
	return MIN(signo, 0);
}

/* An LWP that has taken a step stops for it when it is let go, and if nobody traces it any more, is killed by that
 * (10.99.12: trapsignal()). It does so at once, let go alone. */
static int
await_steps(struct netbsd_tracee *t)
{
	size_t count = 0;
	int e = 0;

	if (!t->has_lwps || t->steps.count + t->trapping.count == 0) {
		pico_netbsd_steps_end(t);
		return 0;
	}
	struct kinfo_lwp *all = pico_netbsd_lwps(t->pid, &count);
	if (all == NULL)
		return failed(t);
	/* Where it stands an execve has not begun to wait for the others: these can be let go alone. */
	int32_t execing = t->execing;
	t->execing = 0;
	for (size_t i = 0; i < count && e == 0; i++) {
		int32_t lwp = all[i].l_lid;
		int has_stepped = pico_netbsd_has_lwp(&t->steps, lwp) || pico_netbsd_has_lwp(&t->trapping, lwp);
		if (!has_stepped || lwp == t->lwp || lwp == execing || !pico_netbsd_can_run(t, &all[i]))
			continue;
		pico_netbsd_stepped(t, lwp);
		e = await_alone(t, lwp);
	}
	free(all);
	t->execing = execing;
	pico_netbsd_steps_end(t);
	return e;
}

/* A call that was answered is left out for whoever goes on first: its LWP does (10.99.12: trace_enter(),
 * PSL_SYSCALLEMU is the process's, and PT_DETACH leaves it). */
static int
await_answer(struct netbsd_tracee *t)
{
	if (!t->answered || !t->has_lwps || t->lwp == 0)
		return 0;
	t->answered = 0;
	return await_alone(t, t->lwp);
}

int
pico_netbsd_detach(struct pico_kernel *kernel, int32_t pid, int32_t lwp, int signo)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);

	(void)lwp;
	if (t == NULL)
		return -ESRCH;
	/* Untraced, with the siginfo of the fault, and by the LWP that does it. */
	if (pico_netbsd_comes_again(t, signo))
		signo = 0;
	int e = await_answer(t);
	if (e == 0)
		e = await_steps(t);
	if (e == 0)
		e = await_slice_end(t);
	if (e < 0)
		return e;
	/* A child that an LWP was about to tell of: that is abandoned now (10.99.12: eventswitch()). */
	if (t->has_lwps && k->report & PICO_REPORT_CHILDREN) {
		pico_netbsd_find_orphans(k);
		t = pico_netbsd_find(k, pid);	/* may have moved */
	}
	const int signals[] = { signo, t->lost };
	int stop = signo == 0 && t->lost == 0 && t->was_stopped ? SIGSTOP : 0;
	if (ptrace(PT_DETACH, pid, (void *)1, stop) < 0)
		return failed(t);
	pico_netbsd_forget(k, t);
	/* Another signal is lost by PT_DETACH: it is looked for in those alone that are still traced
	 * (10.99.12: sigchecktrace()). */
	for (size_t i = 0; i < __arraycount(signals); i++)
		if (signals[i] != 0)
			(void)kill(pid, signals[i]);
	return 0;
}
