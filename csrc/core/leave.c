/*
 * How a tracee comes and goes by the tracer's doing: spawn, attach, detach, close. Whatever happens,
 * nothing is left stopped: what was spawned is ended, what was attached is let go, running.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

/* Where calls are seen, the first LWP's exit is one of them; otherwise each LWP has to say so. */
static int
reports(const struct pico_loop *loop)
{
	int report = loop->follow == PICO_FOLLOW_ALL ? PICO_REPORT_CHILDREN : 0;

	if (loop->events & 1u << PICO_LWP_EXITED && !(loop->events & (1u << PICO_SCE | 1u << PICO_SCX)))
		report |= PICO_REPORT_EXITING;
	if (loop->follow != PICO_FOLLOW_NONE)
		report |= PICO_REPORT_LWPS;
	return report;
}

int
pico_loop_spawn(struct pico_loop *loop, const struct pico_launch *launch, int32_t *pid)
{
	struct pico_kernel *k = loop->kernel;
	struct pico_raw first;

	memset(&first, 0, sizeof(first));
	int e = k->spawn(k, launch, reports(loop), &first);
	if (e < 0)
		return e;
	struct pico_lwp *l = pico_lwps_add_process(&loop->lwps, first.id, first.id, NULL);
	if (l == NULL) {
		(void)k->kill(k, first.id);
		return -ENOMEM;
	}
	l->process->spawned = 1;
	pico_loop_pass_limit(loop);
	l->process->filtered = loop->filtered != 0;
	l->state = PICO_LWP_EXPECTED;
	/* The execve that starts it is the tracer's: its record begins with the new image. (Where a process stops as a
	 * whole, on NetBSD, its exit is not told.) */
	l->skip_exit = k->lwp_of == NULL;
	(void)k->program(k, first.id, l->process->program, sizeof(l->process->program));
	pico_lwps_push_ready(&loop->lwps, l, first.status);
	loop->empty_ns = 0;
	if (loop->root == 0)
		loop->root = first.id;
	*pid = first.id;
	return 0;
}

static int
add_attached(struct pico_loop *loop, int32_t pid, int32_t lwp)
{
	struct pico_process *p = pico_lwps_process(&loop->lwps, pid);
	struct pico_lwp *l = NULL;

	if (loop->kernel->lwp_of == NULL)
		l = pico_lwps_find(&loop->lwps, lwp);
	else if (p != NULL)
		l = pico_lwps_find_in(&loop->lwps, p, lwp);
	if (l != NULL) {
		/* The first LWP, by an execve of one that we had not attached to: another has its id. */
		l->state = PICO_LWP_EXPECTED;
		l->in_call = 0;
		return 0;
	}
	if (p != NULL) {
		l = pico_lwps_add(&loop->lwps, lwp, p);
	} else {
		l = pico_lwps_add_process(&loop->lwps, pid, lwp, NULL);
		if (l == NULL)
			return -ENOMEM;
		l->process->stopping = 1;	/* it may have been stopped before */
		(void)loop->kernel->program(loop->kernel, pid, l->process->program,
		    sizeof(l->process->program));
	}
	if (l == NULL)
		return -ENOMEM;
	l->state = PICO_LWP_EXPECTED;
	l->birth = PICO_ATTACHED;
	l->made = -1;
	l->process->arriving++;
	return 0;
}

static int
attach_all(struct pico_loop *loop, int32_t pid)
{
	int32_t lwps[64];
	int total = 0, n;

	/* Until no new one appears: LWPs are made while we look. */
	while ((n = loop->kernel->attach(loop->kernel, pid, reports(loop), lwps, 64)) > 0) {
		for (int i = 0; i < n; i++) {
			int e = add_attached(loop, pid, lwps[i]);
			if (e < 0)
				return e;
		}
		total += n;
	}
	/* That it has ended since is still to be told. */
	return n < 0 && (total == 0 || n != -ESRCH) ? n : total;
}

int
pico_loop_attach(struct pico_loop *loop, int32_t pid)
{
	struct pico_process *p = pico_lwps_process(&loop->lwps, pid);
	int known = p != NULL;

	if (known && p->leaving)
		return -EBUSY;	/* some of its LWPs would be found free, and be let go again */
	int e = attach_all(loop, pid);
	if (!known && (p = pico_lwps_process(&loop->lwps, pid)) != NULL) {
		loop->attached = 1;
		/* All of them or none: each comes to a stop, and goes from there. */
		if (e < 0)
			p->leaving = PICO_LEAVING_SILENTLY;
	}
	if (e > 0) {
		pico_loop_pass_limit(loop);
		loop->empty_ns = 0;
	}
	return e;
}

void
pico_loop_attach_rest(struct pico_loop *loop)
{
	loop->incomplete = 0;
	for (struct pico_process *p = loop->lwps.processes; p != NULL && !loop->closing; p = p->next)
		if (p->incomplete && !p->leaving) {
			p->incomplete = 0;
			(void)attach_all(loop, p->pid);	/* what fails, fails for those alone */
		}
}

int
pico_loop_children(struct pico_loop *loop, int32_t pid, int32_t *pids, int max)
{
	return loop->kernel->children(loop->kernel, pid, pids, max);
}

int
pico_loop_refusal(struct pico_loop *loop, int32_t pid, int error, int32_t *detail)
{
	return loop->kernel->refusal(loop->kernel, pid, error, detail);
}

static void
tell_detached(struct pico_loop *loop, const struct pico_process *p)
{
	struct pico_event ev = { .kind = PICO_DETACHED };

	loop->now = pico_clock_ns();
	(void)pico_loop_emit(loop, p, &ev);
	if (p->pid == loop->root)
		loop->root = PICO_ROOT_LEFT;
}

void
pico_loop_left(struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_process *p = l->process;
	/* The first LWP cannot be let go when it has exited: the end of its process is told to us. */
	int but_first = p->lwps == 2 && p->leader_gone && l->id != p->pid;

	if (p->lwps == 1 || but_first)
		tell_detached(loop, p);
	if (but_first)
		p->leaving = PICO_LEAVING_SILENTLY;
	pico_lwps_remove(&loop->lwps, l);
}

void
pico_loop_leave(struct pico_loop *loop, struct pico_lwp *l)
{
	pico_loop_hurry(loop, l);
	/* What a call was changed to is put right at its exit. */
	if (l->in_call && (l->altered || l->answered)) {
		pico_loop_resume(loop, l);
		return;
	}
	/* A trap that was asked for is its next stop, and there it can go. In a group-stop it is to be let out for that;
	 * it comes back to it. */
	if ((l->stepped || l->breaks) && loop->kernel->trapped != NULL && loop->kernel->trapped(loop->kernel, l->id)) {
		if (l->resume == PICO_RESUME_LISTEN)
			l->resume = PICO_RESUME_CONTINUE;
		pico_loop_resume(loop, l);
		return;
	}
	int e = loop->kernel->detach(loop->kernel, l->process->pid, l->id, l->signo);
	/* ESRCH: it was killed just now, and its end is still to come. */
	if (e == -ESRCH) {
		l->state = PICO_LWP_RUNNING;
		return;
	}
	if (e < 0) {
		pico_loop_fail(loop, e);
		l->state = PICO_LWP_STANDING;
		/* It is tried again when the loop is closed, once. */
		if (!loop->closing || !l->refused) {
			l->refused = 1;
			return;
		}
		loop->left_behind = e;
		l->process->leaving = PICO_LEAVING_SILENTLY;
	}
	/* Where all LWPs stop together, they are let go together. */
	if (loop->kernel->lwp_of != NULL)
		pico_lwps_exec(&loop->lwps, l, 0);
	pico_loop_left(loop, l);
}

/* How often the kernel may refuse what closing takes, beside once for each LWP. */
enum { CLOSE_TRIES = 8 };

/* How long a stalled reader of the trace may keep tracees from being let go. */
#define READER_PATIENCE_NS 500000000ull

/* Make one LWP end or leave; 1: it is gone from the table. */
static int
dismiss(struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_kernel *k = loop->kernel;

	if (l->process == NULL)
		return 0;	/* held: placed by its creator's event, or released as overdue */
	if (l->process->spawned && !l->process->leaving) {
		(void)k->kill(k, l->process->pid);
		return 0;
	}
	if (!l->process->leaving)
		l->process->leaving = PICO_LEAVING;
	uint32_t before = loop->lwps.used;
	if (l->state == PICO_LWP_STANDING && !l->ready)
		pico_loop_leave(loop, l);
	else if (l->id == l->process->pid && l->process->leader_gone && loop->closing)
		pico_loop_left(loop, l);	/* exited, it can neither stop nor be let go before its process has ended */
	if (loop->lwps.used < before)
		return 1;
	if (l->ready || (k->lwp_of != NULL && (l->process->stopping || l->state == PICO_LWP_EXPECTED)))
		return 0;	/* it comes to a stop, and no other is to be pending when it is let go there */
	if (k->interrupt(k, l->process->pid, l->id) == 0 && k->lwp_of != NULL)
		l->process->stopping = 1;	/* by a SIGSTOP, which is ours and not passed on */
	return 0;
}

/* All of them, or those alone that are to leave; these as far as there is room for records of it. */
static void
dismiss_all(struct pico_loop *loop)
{
	struct pico_lwp *l;

	for (uint32_t cursor = 0; (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;) {
		if (!loop->closing && (l->process == NULL || l->process->leaving != PICO_LEAVING))
			continue;
		if (!loop->closing && pico_loop_is_full(loop)) {
			loop->parting = 1;
			return;
		}
		if (dismiss(loop, l))
			cursor = loop->kernel->lwp_of != NULL ? 0 : cursor - 1;
	}
}

int
pico_loop_detach(struct pico_loop *loop, int32_t pid)
{
	struct pico_process *p = pico_lwps_process(&loop->lwps, pid);

	if (p == NULL || p->leaving == PICO_LEAVING_SILENTLY)
		return -ESRCH;
	if (p->filtered)
		return -EOPNOTSUPP;
	p->leaving = PICO_LEAVING;
	loop->parting = 1;
	return 0;
}

void
pico_loop_part(struct pico_loop *loop)
{
	loop->parting = 0;
	dismiss_all(loop);
}

int
pico_loop_lose_first(struct pico_loop *loop)
{
	struct pico_kernel *k = loop->kernel;
	struct pico_lwp *l;

	/* Where a process stops as a whole it is let go as a whole, too. */
	for (uint32_t cursor = 0; k->lwp_of == NULL && (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;) {
		struct pico_process *p = l->process;
		if (p == NULL || p->leaving != PICO_LEAVING || p->lwps > 1 || l->id != p->pid ||
		    l->state == PICO_LWP_STANDING || l->ready || k->interrupt(k, p->pid, l->id) != 2)
			continue;
		p->leader_gone = 1;
		if (loop->closing) {
			pico_loop_left(loop, l);
		} else {
			tell_detached(loop, p);
			p->leaving = PICO_LEAVING_SILENTLY;
		}
		return 1;
	}
	return 0;
}

/* Those for whom the kernel has refused something stand: they are let go now. 0: it has refused too often. */
static int
retry(struct pico_loop *loop, int *tries)
{
	if (loop->failed == 0)
		return 1;
	loop->failed = 0;
	dismiss_all(loop);
	return --*tries > 0;
}

int
pico_loop_close(struct pico_loop *loop, int64_t timeout_ns)
{
	uint64_t deadline = pico_clock_ns() + (uint64_t)timeout_ns;
	uint64_t patience = pico_clock_ns() + READER_PATIENCE_NS;
	int tries = CLOSE_TRIES + (int)loop->lwps.used, e = 0;

	(void)pico_loop_syscall_cancel(loop);
	loop->closing = 1;
	loop->current = loop->asking = NULL;
	loop->failed = 0;
	dismiss_all(loop);
	while (pico_clock_ns() < deadline && retry(loop, &tries)) {
		if (pico_loop_make_room(loop) == -EINTR) {
			if (pico_clock_ns() > patience)
				pico_text_give_up(loop->text);
			continue;
		}
		e = pico_loop_step(loop, (int64_t)deadline);
		if (e == -EINTR)
			pico_loop_look_round(loop);
		else if (e == 0)
			break;
		else if (e < 0)
			loop->failed = e;	/* of the wait: also what of a tracee would mean that it has died */
	}
	if (loop->lwps.used == 0)
		return loop->left_behind;
	return e < 0 && e != -EINTR ? e : -ETIMEDOUT;
}
