/*
 * Attaching to a process that runs, and stopping one.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netbsd_kernel.h"

enum { MOMENTS = 2000 };	/* of a millisecond, for an execve to be over */

/* The LWPs of a stopped process, as far as there is room; the next call goes on with the rest. */
static int
enumerate(struct netbsd_tracee *t, int32_t *lwps, int max)
{
	int n = 0;
#ifdef PT_LWPNEXT	/* NetBSD 10 */
	struct ptrace_lwpstatus status;

	memset(&status, 0, sizeof(status));
	status.pl_lwpid = t->listed;
	while (n < max && ptrace(PT_LWPNEXT, t->pid, &status, sizeof(status)) == 0 && status.pl_lwpid != 0)
		lwps[n++] = status.pl_lwpid;
#else
	struct ptrace_lwpinfo info;

	memset(&info, 0, sizeof(info));
	info.pl_lwpid = t->listed;
	while (n < max && ptrace(PT_LWPINFO, t->pid, &info, sizeof(info)) == 0 && info.pl_lwpid != 0)
		lwps[n++] = info.pl_lwpid;
#endif
	t->listed = n == max ? lwps[n - 1] : 0;
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

	struct netbsd_tracee *t = pico_netbsd_find(k, pid);
	if (t != NULL)	/* all LWPs of it are ours */
		return t->listed != 0 ? enumerate(t, lwps, max) : 0;
	if (!pico_netbsd_proc(pid, &proc))
		return -ESRCH;
	int e = begin(pid);
	if (e < 0)
		return e;
	t = pico_netbsd_add(k, pid);
	if (t == NULL) {
		int status;
		(void)waitpid(pid, &status, 0);
		(void)ptrace(PT_DETACH, pid, (void *)1, 0);
		return -ENOMEM;
	}
	t->was_stopped = proc.p_realstat == SSTOP;
	/* The kernel counts a stop too few of this program's children then, and by that count ends the search of a wait
	 * for any before it comes to one that has stopped (10.99.12: ptrace_sendsig(), find_stopped_child()). */
	if (t->was_stopped)
		pico_netbsd_tick_close(k);
	t->is_hosts = proc.p_ppid == getpid();
	t->stop_asked = 1;
	k->report = report;
	e = wait_for_stop(k, t);
	if (e == -ECHILD) {
		pico_netbsd_forget(k, t);
		return -ESRCH;
	}
	int n = enumerate(t, lwps, max);
	t->has_lwps = n > 1;
	if (n == 1)
		t->one_lwp = lwps[0];
	if (n == 0)
		lwps[n++] = pid;	/* it has just been killed: its end comes next */
	return n;
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
