/*
 * One stop or end: what it does to the table of LWPs, and what is reported of it.
 *
 * Each stop gives one event at most. Where it has two to tell (an LWP's birth, and what it stopped
 * for) the birth is reported, and the same stop is taken again afterwards.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

int
pico_loop_decode(struct pico_loop *loop, const struct pico_lwp *l, struct pico_raw *raw,
    struct pico_decoded *d)
{
	struct pico_kernel *k = loop->kernel;

	for (;;) {
		int needs = k->decode(raw, l, d);
		if (needs == PICO_DECODED)
			return 0;
		if ((needs & ~(int)raw->have) == 0)
			return -EPROTO;	/* the decoder asks for what it has: its defect, not the tracee's */
		int e = k->answer(k, l->process->pid, raw, needs & ~(int)raw->have);
		if (e < 0)
			return e;
	}
}

/* A SIGSTOP of ours is on its way to its process, and would take effect when that is let go. */
static int
is_being_stopped(const struct pico_loop *loop, const struct pico_lwp *l)
{
	return loop->kernel->lwp_of != NULL && l->process->stopping;
}

void
pico_loop_let_go_on(struct pico_loop *loop, struct pico_lwp *l)
{
	if (l->process->leaving && l->resume != PICO_RESUME_GONE && !is_being_stopped(loop, l))
		pico_loop_leave(loop, l);
	else
		pico_loop_resume(loop, l);
}

void
pico_loop_go_on(struct pico_loop *loop, struct pico_lwp *l, int emitted)
{
	int leaves = l->process->leaving && !l->ready && l->resume != PICO_RESUME_GONE;

	if (emitted && !loop->closing && !l->trapped)
		l->stepped = 0;
	l->trapped = 0;
	/* Where it leaves, that is a record more, and there may be no room for it. */
	if (emitted && !loop->closing &&
	    (loop->mode == PICO_MODE_STOP || (leaves && pico_loop_is_full(loop)))) {
		loop->current = l;
		loop->current_lwp = l->id;
	} else if (!l->ready) {
		pico_loop_let_go_on(loop, l);
	}
}

void
pico_loop_report(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	pico_loop_go_on(loop, l, pico_loop_emit(loop, l->process, ev));
}

static void
take_exec(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_process *p = l->process;
	struct pico_kernel *k = loop->kernel;

	if (pico_loop_ask(loop, l))
		return;
	pico_lwps_exec(&loop->lwps, l, ev->other);
	l->unfollowed = 0;	/* the only one there is now */
	(void)k->program(k, p->pid, p->program, sizeof(p->program));	/* on failure the old name stays */
	int emitted = pico_loop_emit(loop, p, ev);
	if (emitted)
		pico_loop_write_image(loop, p);
	pico_loop_go_on(loop, l, emitted);
}

static void
take_group_stop(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_process *p = l->process;

	/* Where the stop was over before each LWP was seen in it, those that come late are in none. */
	if (p->stopping)
		p->stopped = 1;
	p->stopping = 0;
	pico_loop_report(loop, l, ev);
}

static void
take_continued(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_kernel *k = loop->kernel;

	/* A group-stop comes before what is queued: the trap of a step may still come. */
	l->trapped = l->stepped && k->trapped != NULL && k->trapped(k, l->id);
	/* Each of its LWPs comes out of the group stop; the process goes on once. */
	if (l->process->stopped)
		l->process->stopped = 0;
	else
		ev->kind = PICO_NONE;
	pico_loop_report(loop, l, ev);
}

static int
dispatch(struct pico_loop *loop, struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;
	int e = 0;

	switch (ev->kind) {
	case PICO_SCE:
		pico_loop_take_entry(loop, l, d);
		return 0;
	case PICO_SCX:
		return pico_loop_take_exit(loop, l, ev);
	case PICO_EXEC:
		take_exec(loop, l, ev);
		return 0;
	case PICO_FORKED:
	case PICO_VFORKED:
	case PICO_SPAWNED:
		l->made = ev->other;
		e = pico_loop_new_process(loop, l, ev->other);
		/* Not asked for: the kernel has told of it all the same (Linux: one without SIGCHLD comes
		 * as an LWP does), and it is let go. Or it is one that the kernel would not have told of. */
		if (loop->follow != PICO_FOLLOW_ALL || l->keeps)
			ev->kind = PICO_NONE;
		break;
	case PICO_VFORK_DONE:
		l->made = 0;
		if (l->keeps)
			ev->kind = PICO_NONE;
		break;
	case PICO_LWP_CREATED:
		if (ev->lwp == l->id)
			break;
		/* The creator stands here; the record is made when the new LWP does. */
		l->made = ev->lwp;
		e = pico_loop_new_lwp(loop, l, ev->lwp);
		ev->kind = PICO_NONE;
		break;
	case PICO_CONTINUED:
		take_continued(loop, l, ev);
		return 0;
	case PICO_GROUP_STOP:
		take_group_stop(loop, l, ev);
		return 0;
	case PICO_LWP_EXITED:
		if (d->resume == PICO_RESUME_DYING)
			break;
		pico_loop_take_leader_exit(loop, l, ev);
		return 0;
	case PICO_INTERRUPTED:
		if (loop->kernel->lwp_of != NULL)
			l->process->stopping = 0;
		break;
	case PICO_FIRST_STOP:
		if (loop->kernel->lwp_of == NULL)
			break;
		l->process->stopping = 0;
		/* posix_spawn(2) may give a child its new image before it ever stops. */
		(void)loop->kernel->program(loop->kernel, l->process->pid, l->process->program,
		    sizeof(l->process->program));
		break;
	case PICO_STOPPED:
		l->stops = d->stops != 0;
		break;
	default:
		if (d->refuse != 0)
			pico_loop_fail(loop, pico_loop_refuse(loop, l, d->refuse));
		break;
	}
	pico_loop_report(loop, l, ev);
	return e;
}

/* The kernel does not say whose stop it is: that of any LWP of the process, which stands. */
static int
not_known(struct pico_loop *loop, const struct pico_raw *raw, int error)
{
	const struct pico_process *p = pico_lwps_process(&loop->lwps, raw->id);

	if (error == -ESRCH)
		return 0;	/* killed just now: see below */
	if (p != NULL && loop->kernel->lwp_of != NULL)
		pico_lwps_any(&loop->lwps, p)->state = PICO_LWP_STANDING;
	return error;
}

int
pico_loop_take(struct pico_loop *loop, struct pico_raw *raw)
{
	struct pico_lwp *l;
	struct pico_decoded d;

	int e = pico_loop_whose(loop, raw, &l);
	if (e < 0)
		return not_known(loop, raw, e);
	if (l == NULL || l->process == NULL)
		return pico_loop_hold(loop, l, raw);
	if (l->wake_ns != 0)
		pico_loop_hurry(loop, l);	/* killed where it stood, or an execve has given its id to another */
	loop->silent = l->silent;

	memset(&d, 0, sizeof(d));
	if (l->answered == PICO_ANSWERED_NOW) {
		d.event.kind = PICO_SCX;
		d.event.lwp = l->id;
		return pico_loop_take_exit(loop, l, &d.event);
	}
	e = pico_loop_decode(loop, l, raw, &d);
	/* Killed between its stop and our question: its end follows, and there is nothing to say of a
	 * stop of which nothing could be read. */
	if (e == -ESRCH)
		return 0;
	if (e < 0) {
		l->state = PICO_LWP_STANDING;
		return e;
	}
	if (pico_loop_is_anothers(loop, l, &d)) {
		e = pico_lwps_exec_early(&loop->lwps, l);
		return e < 0 ? e : pico_loop_hold(loop, NULL, raw);
	}
	/* One that had not run yet when it was attached to: that has announced it. */
	if (d.event.kind == PICO_LWP_CREATED && d.event.lwp == l->id && l->made < 0)
		d.event.kind = PICO_NONE;
	l->state = PICO_LWP_STANDING;
	l->status = raw->status;
	l->signo = d.signo;
	l->resume = d.resume;
	if (l->process->stepping != NULL) {
		pico_loop_take_whole_result(loop, l, raw, &d);
		return 0;
	}
	if (pico_loop_born(loop, l, raw, &d) || pico_loop_orphans_first(loop, l, raw, &d))
		return 0;
	if (d.resume == PICO_RESUME_GONE) {
		pico_loop_take_end(loop, l, &d.event);
		return 0;
	}
	return dispatch(loop, l, &d);
}
