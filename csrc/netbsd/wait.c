/*
 * The wait: for the stops and ends of our tracees alone, one process after the other, and asleep in kevent(2)
 * when none of them has any. A SIGCHLD that comes between a look and the sleep is not missed: the queue counts
 * it, also where the signal is ignored or blocked.
 *
 * Where all children of the program are tracees of this kernel, it waits for any: a call less for each stop.
 */
#include <sys/param.h>
#include <sys/event.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netbsd_kernel.h"

#define NANOSECONDS 1000000000ull
#define SUSPICION_NS (2 * NANOSECONDS)
#define LOOK_NS 20000000ull
enum { WAITS_PER_LOOK = 64 };

int
pico_netbsd_wait_open(struct netbsd_kernel *k)
{
	struct kevent changes[2];

	k->wake[0] = k->wake[1] = -1;
	k->queue = kqueue1(O_CLOEXEC);
	if (k->queue < 0 || pipe2(k->wake, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	EV_SET(&changes[0], SIGCHLD, EVFILT_SIGNAL, EV_ADD | EV_CLEAR, 0, 0, 0);
	EV_SET(&changes[1], (uintptr_t)k->wake[0], EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, 0);
	return kevent(k->queue, changes, 2, NULL, 0, NULL) < 0 ? -errno : 0;
}

void
pico_netbsd_wait_close(struct netbsd_kernel *k)
{
	if (k->queue >= 0)
		(void)close(k->queue);
	for (int i = 0; i < 2; i++)
		if (k->wake[i] >= 0)
			(void)close(k->wake[i]);
}

int
pico_netbsd_set_mask(const struct netbsd_kernel *k, const struct netbsd_tracee *t)
{
	ptrace_event_t events;

	memset(&events, 0, sizeof(events));
	events.pe_set_event = PTRACE_LWP_CREATE | (t->execing == 0 && !t->unseen ? PTRACE_LWP_EXIT : 0);
	if (k->report & PICO_REPORT_CHILDREN)
		events.pe_set_event |= PTRACE_FORK | PTRACE_VFORK | PTRACE_VFORK_DONE | PTRACE_POSIX_SPAWN;
	return ptrace(PT_SET_EVENT_MASK, t->pid, &events, sizeof(events)) < 0 ? pico_netbsd_error() : 0;
}

uint64_t
pico_netbsd_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

/* When its slice is over. */
static int
go_on(const struct netbsd_kernel *k, struct netbsd_tracee *t)
{
	if (t->lost == 0 || t->stepping != 0 || t->answered)
		return pico_netbsd_let_go(k, t, t->request, t->stepping);
	t->lwp = 0;	/* anyone may take it */
	return pico_netbsd_pass_again(k, t, t->request);
}

/* 1: it is for the loop; 0: it was but the end of a slice. */
static int
give(struct netbsd_kernel *k, struct netbsd_tracee *t, int status, struct pico_raw *raw)
{
	raw->id = t->pid;
	raw->status = status;
	k->quiet = 0;
	if (!WIFSTOPPED(status)) {
		pico_netbsd_forget(k, t);
		if (WIFSIGNALED(status) && !k->waits_for_any) {
			pico_netbsd_suspect(k);
			pico_netbsd_find_orphans(k);
		}
		return 1;
	}
	if (t->is_new)
		(void)pico_netbsd_set_mask(k, t);	/* ESRCH: killed, and its end comes next */
	if (t->echo != 0 && pico_netbsd_is_echo(t, WSTOPSIG(status)) &&
	    pico_netbsd_let_go(k, t, t->request, WSTOPSIG(status)) == 0) {
		if (t->aimed_at != 0 && t->has_lwps)
			pico_netbsd_slice(t, t->aimed_at);
		return 0;
	}
	if (t->aimed_at != 0 && pico_netbsd_pass_end(k, t, status))
		return 0;
	if (t->leaving_count > 0 && pico_netbsd_is_way_out(t, status) &&
	    pico_netbsd_let_go(k, t, t->request, t->stepping) == 0)
		return 0;
	if (WSTOPSIG(status) == SIGSTOP) {
		if (pico_netbsd_is_slice_end(t) && go_on(k, t) == 0)
			return 0;
		t->stop_asked = 0;
	}
	/* A SIGCONT takes back a SIGSTOP that has not come yet; where it came before, two are as one. */
	if (WSTOPSIG(status) == SIGCONT && (t->stop_asked || t->slice_ends))
		(void)kill(t->pid, SIGSTOP);
	t->stands = 1;
	t->lwp = 0;
	return 1;
}

pid_t
pico_netbsd_wait_for(const struct netbsd_tracee *t, int *status, int flags)
{
	pid_t got;

	if (!t->is_hosts)
		return waitpid(t->pid, status, flags);
	do {
		got = waitpid(t->pid, status, flags | WNOWAIT);
		/* 0: it has been killed since. */
		if (got == t->pid && WIFSTOPPED(*status))
			got = waitpid(t->pid, status, WNOHANG | WNOZOMBIE);
	} while (got == 0 && !(flags & WNOHANG));
	return got;
}

/* 1: a stop or an end; 0: none of those that run has any. */
static int
look(struct netbsd_kernel *k, struct pico_raw *raw)
{
	for (uint32_t turn = 0; turn < k->count; turn++) {
		struct netbsd_tracee *t = &k->tracees[k->next++ % k->count];
		int status;
		if (t->stands)
			continue;
		if (t->has_status) {
			t->has_status = 0;
			if (give(k, t, t->status, raw))
				return 1;
			continue;
		}
		if (k->waits_for_any)
			continue;
		pid_t got = pico_netbsd_wait_for(t, &status, WNOHANG);
		if (got == t->pid) {
			if (give(k, t, status, raw))
				return 1;
			continue;
		}
		if (got < 0 && errno == ECHILD) {
			/* Some other part of the program has taken its end. */
			pico_netbsd_forget(k, t);
			turn = 0;
		}
	}
	return 0;
}

void
pico_netbsd_suspect(struct netbsd_kernel *k)
{
	k->suspect_ns = pico_netbsd_now() + SUSPICION_NS;
}

/* The changes to the queue that have its timer tick as it was last asked to. */
static int
set_timer(struct netbsd_kernel *k, uint32_t interval_us, struct kevent *changes)
{
	int n = 0;

	if (interval_us == k->timer_us)
		return 0;
	/* To add one that is there does not set it anew. */
	if (k->timer_us != 0)
		EV_SET(&changes[n++], 0, EVFILT_TIMER, EV_DELETE, 0, 0, 0);
	if (interval_us != 0)
		EV_SET(&changes[n++], 0, EVFILT_TIMER, EV_ADD, 0, (interval_us + 999) / 1000, 0);
	k->timer_us = interval_us;
	return n;
}

/* 1: one runs alone, and has this much left. */
static int
end_slices(struct netbsd_kernel *k, struct timespec *left)
{
	uint64_t least = UINT64_MAX, now = 0;

	for (uint32_t i = 0; i < k->count; i++) {
		if (k->tracees[i].alone == 0)
			continue;
		if (now == 0)
			now = pico_netbsd_now();
		least = MIN(least, pico_netbsd_slice_left(&k->tracees[i], now));
	}
	if (least == UINT64_MAX)
		return 0;
	left->tv_sec = 0;	/* a slice is far less */
	left->tv_nsec = (long)least;
	return 1;
}

/* Until something may have happened: -EINTR for a signal or a tick. No clock is asked here: this is done for
 * every stop. */
static int
sleep_on(struct netbsd_kernel *k)
{
	static const struct timespec longest = { 1, 0 }, look = { 0, LOOK_NS };
	struct timespec slice;
	struct kevent changes[2], event;
	char bytes[64];

	atomic_store(&k->sleeps, 1);
	/* Where it waits for any a timer ticks that is no part of the queue. */
	uint32_t interval_us = k->waits_for_any ? 0 : atomic_load(&k->tick_us);
	const struct timespec *timeout = interval_us == 0 ? &longest : NULL;
	if (k->suspect_ns != 0 && pico_netbsd_now() < k->suspect_ns)
		timeout = &look;
	else
		k->suspect_ns = 0;
	if (end_slices(k, &slice))	/* which are less than a look */
		timeout = &slice;
	int n = kevent(k->queue, changes, (size_t)set_timer(k, interval_us, changes), &event, 1, timeout);
	atomic_store(&k->sleeps, 0);
	if (n < 0)
		return -errno;
	if (n == 1 && event.filter == EVFILT_SIGNAL)
		return 0;
	/* All is quiet: it may be so because one waits for a vfork child that waits for us, or hangs. */
	if (n == 0 || k->quiet)
		pico_netbsd_end_vain(k);
	if ((n == 0 || k->quiet) && !k->waits_for_any && k->report & PICO_REPORT_CHILDREN)
		pico_netbsd_find_orphans(k);
	if (n == 0)
		return 0;
	/* A tick has come, or its interval has changed. */
	k->quiet = 1;
	while (event.filter == EVFILT_READ && read(k->wake[0], bytes, sizeof(bytes)) > 0)
		continue;
	k->ticked_ns = pico_netbsd_now();
	return -EINTR;
}

/* Where there is always a stop at hand, it never sleeps, and so is never woken for a tick or for the end of a slice: now
 * and then it looks at the clock. */
static int
is_time_to_look(struct netbsd_kernel *k)
{
	struct timespec left;

	if (++k->waits % WAITS_PER_LOOK != 0)
		return 0;
	(void)end_slices(k, &left);
	return 1;
}

static int
is_time_to_tick(struct netbsd_kernel *k)
{
	uint64_t interval = atomic_load(&k->tick_us) * 1000ull;

	if (!is_time_to_look(k) || interval == 0 || pico_netbsd_now() < k->ticked_ns + interval)
		return 0;
	k->ticked_ns = pico_netbsd_now();
	return 1;
}

/* What has stopped or ended is put down for the next look: how many, or -errno. */
static int
collect(struct netbsd_kernel *k, int flags)
{
	int status, n = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, flags)) > 0) {
		struct netbsd_tracee *t = pico_netbsd_find(k, pid);
		/* A child that stops before its parent has told of it, or whose parent was killed. */
		if (t == NULL && (t = pico_netbsd_add(k, pid)) != NULL)
			t->is_new = 1;
		if (t == NULL)
			return -ENOMEM;
		t->status = status;
		t->has_status = 1;
		n++;
		if (k->count == 1)
			return n;
		flags |= WNOHANG;
	}
	return pid < 0 && n == 0 ? -errno : n;
}

static int
has_slices(const struct netbsd_kernel *k)
{
	for (uint32_t i = 0; i < k->count; i++)
		if (k->tracees[i].alone != 0)
			return 1;
	return 0;
}

/* As collect. All that have stopped have their turn before any is waited for again: the kernel serves the newest
 * first (kern_exit.c: find_stopped_child()). */
static int
wait_for_any(struct netbsd_kernel *k, int block)
{
	int slices = has_slices(k);
	int n = k->count > 1 || slices || !block ? collect(k, WNOHANG) : 0;

	if (n != 0 || !block)
		return n;
	if (slices)
		return sleep_on(k);
	n = collect(k, 0);
	if (n == -EINTR && pico_netbsd_ticked()) {
		if (k->quiet)
			pico_netbsd_end_vain(k);
		k->quiet = 1;
	}
	return n;
}

static int
wait_alone(struct netbsd_kernel *k, int block, struct pico_raw *raw)
{
	(void)is_time_to_look(k);
	if (pico_netbsd_ticked())
		return -EINTR;
	while (!look(k, raw)) {
		int e = wait_for_any(k, block);
		if (e < 0 || (e == 0 && !block))
			return e;
	}
	return 1;
}

/* One alone has not stopped yet when it has just been let go, or if it has, the queue tells: no need to look. (Of a
 * process with several LWPs it may not tell: their last stop is not signalled where the host has SA_NOCLDSTOP,
 * kern_sig.c.) */
static int
has_just_gone(struct netbsd_kernel *k)
{
	struct netbsd_tracee *t = k->tracees;

	if (k->count != 1 || !t->has_just_gone || t->has_status || t->has_lwps)
		return 0;
	t->has_just_gone = 0;
	return 1;
}

int
pico_netbsd_wait(struct pico_kernel *kernel, int block, struct pico_raw *raw)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;

	memset(raw, 0, offsetof(struct pico_raw, siginfo));
	if (k->waits_for_any)
		return wait_alone(k, block, raw);
	if (is_time_to_tick(k))
		return -EINTR;
	for (int looks = !block || !has_just_gone(k);; looks = 1) {
		if (looks && look(k, raw))
			return 1;
		if (k->count == 0)
			return -ECHILD;
		if (!block)
			return 0;
		int e = sleep_on(k);
		if (e < 0)
			return e;
	}
}
