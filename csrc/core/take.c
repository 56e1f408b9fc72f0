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

/* After its event: the LWP stands still while the caller looks at it, or goes on. May free it. */
static void
go_on(struct pico_loop *loop, struct pico_lwp *l, int emitted)
{
	if (l->leaving && !l->ready && l->resume != PICO_RESUME_GONE && !is_being_stopped(loop, l))
		pico_loop_leave(loop, l);
	else if (emitted && loop->mode == PICO_MODE_STOP && !loop->closing) {
		loop->current = l;
		l->stepped = 0;
	} else if (!l->ready)
		pico_loop_resume(loop, l);
}

static void
report(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	go_on(loop, l, pico_loop_emit(loop, l->process, ev));
}

static void
take_entry(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	pico_names_trim(ev->abi < PICO_ABIS ? loop->syscalls[ev->abi] : NULL, ev);
	l->in_call = 1;
	l->skip_exit = 0;
	l->altered = l->answered = 0;
	l->abi = ev->abi;
	l->nargs = ev->nargs;
	l->sysnum = ev->sysnum;
	memcpy(l->args, ev->args, sizeof(l->args));
	l->enter_ns = loop->now;
	int emitted = pico_loop_emit(loop, l->process, ev);
	l->enter_seq = emitted ? ev->seq : 0;
	go_on(loop, l, emitted);
}

static void
complete(const struct pico_loop *loop, const struct pico_lwp *l, struct pico_event *ev)
{
	ev->abi = l->abi;
	ev->nargs = l->nargs;
	ev->sysnum = l->sysnum;
	memcpy(ev->args, l->args, sizeof(ev->args));
	ev->enter_seq = l->enter_seq;
	ev->elapsed_ns = loop->now - l->enter_ns;
}

static int
take_exit(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	int skip = l->skip_exit, given = l->in_call && l->answered, e = 0;

	if (l->in_call) {
		complete(loop, l, ev);
		e = pico_loop_altered(loop, l, ev);
	} else {
		pico_names_trim(ev->abi < PICO_ABIS ? loop->syscalls[ev->abi] : NULL, ev);
	}
	l->skip_exit = 0;
	/* Killed, as in pico_loop_take; and what else failed is not to be taken for the answer. */
	if (e < 0)
		return e == -ESRCH ? 0 : e;
	if (!given)
		pico_names_join(loop->syscalls[ev->abi < PICO_ABIS ? ev->abi : PICO_ABI_UNKNOWN], ev);
	if (skip)
		ev->kind = PICO_NONE;
	else if (!given && pico_loop_step_for_result(loop, l, ev))
		return 0;
	l->in_call = 0;
	int emitted = pico_loop_emit(loop, l->process, ev);
	/* The instruction was a call that nobody asked for. */
	if (!emitted && l->stepped && !skip) {
		ev->kind = PICO_SINGLESTEP;
		emitted = pico_loop_emit(loop, l->process, ev);
	}
	go_on(loop, l, emitted);
	return 0;
}

/* The stop after a step, or what came in its place, perhaps of another LWP. */
static void
take_whole_result(struct pico_loop *loop, struct pico_lwp *stopped, struct pico_raw *raw,
    const struct pico_decoded *d)
{
	struct pico_lwp *l = stopped->process->stepping;
	struct pico_event ev = { .kind = PICO_SCX };

	pico_loop_stepped(loop, l, raw, d, &ev);
	complete(loop, l, &ev);
	l->in_call = 0;
	if (stopped != l || d->event.kind != PICO_SINGLESTEP)
		pico_lwps_push_ready(&loop->lwps, stopped, raw->status);
	report(loop, stopped, &ev);
}

static void
take_exec(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_process *p = l->process;
	struct pico_kernel *k = loop->kernel;

	pico_lwps_exec(&loop->lwps, l, ev->other);
	(void)k->program(k, p->pid, p->program, sizeof(p->program));	/* on failure the old name stays */
	int emitted = pico_loop_emit(loop, p, ev);
	if (emitted)
		pico_loop_write_image(loop, p);
	go_on(loop, l, emitted);
}

static void
take_group_stop(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_process *p = l->process;

	/* Where the stop was over before each LWP was seen in it, those that come late are in none. */
	if (p->stopping)
		p->stopped = 1;
	p->stopping = 0;
	report(loop, l, ev);
}

static void
take_continued(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	/* Each of its LWPs comes out of the group stop; the process goes on once. */
	if (l->process->stopped)
		l->process->stopped = 0;
	else
		ev->kind = PICO_NONE;
	report(loop, l, ev);
}

/* An LWP is no more; with the last one (on Linux: the first, which the kernel reports last) the
 * process. */
static void
take_end(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_process *p = l->process;
	int whole = ev->kind != PICO_LWP_EXITED;

	/* A let-go child that was never announced ends unannounced. */
	if (l->leaving != PICO_LEAVING_SILENTLY)
		(void)pico_loop_emit(loop, p, ev);
	if (whole && p->pid == loop->root && loop->root_end.kind == PICO_NONE) {
		ev->pid = p->pid;
		memcpy(ev->program, p->program, sizeof(ev->program));
		loop->root_end = *ev;
	}
	if (whole)
		pico_lwps_exec(&loop->lwps, l, 0);
	pico_lwps_remove(&loop->lwps, l);
}

/* Where a process ends or has a new image, LWPs and children of it are taken in whose creator was killed
 * before it could tell. 1: there are LWPs among them, and the stop in hand is to be taken again after
 * them, for they are of the process as it was. */
static int
orphans_first(struct pico_loop *loop, struct pico_lwp *l, const struct pico_raw *raw,
    const struct pico_decoded *d)
{
	int ends = d->resume == PICO_RESUME_GONE && d->event.kind != PICO_LWP_EXITED;

	if (!ends && d->event.kind != PICO_EXEC)
		return 0;
	pico_loop_release_orphans(loop, l->process->pid);
	if (l->process->lwps == 1 || loop->lwps.first_ready == NULL)
		return 0;
	pico_lwps_push_ready(&loop->lwps, l, raw->status);
	return 1;
}

static void
take_leader_exit(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	l->process->leader_gone = 1;
	l->in_call = 0;
	report(loop, l, ev);
}

/* When all LWPs that were attached to have stopped, none is inside a clone(2) that it entered before and
 * that made an LWP which nobody told of: look for those. But not now: the LWP in hand may be about to exit,
 * and an execve of another wait for that, and attaching for the execve. */
static void
arrived(struct pico_loop *loop, struct pico_process *p)
{
	if (p->arriving > 0 && --p->arriving == 0 && !loop->closing)
		p->incomplete = loop->incomplete = 1;
}

/* An LWP of a process that was attached to whose arrival has not been recorded. */
static struct pico_lwp *
unborn(const struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_lwp *other;

	for (uint32_t cursor = 0; l->birth == PICO_NONE; l = other) {
		do
			other = pico_lwps_next(&loop->lwps, &cursor);
		while (other != NULL && other->process != l->process);
		if (other == NULL)
			break;
	}
	return l;
}

/* Its first stop: if that has to be recorded, do so now, and take the same stop again after it. So also
 * for one whose first stop is in an execve and comes under another id. */
static int
born(struct pico_loop *loop, struct pico_lwp *l, const struct pico_raw *raw, const struct pico_decoded *d)
{
	struct pico_lwp *who = l;
	struct pico_event ev;

	if (d->event.kind == PICO_LWP_CREATED && d->event.lwp == l->id)
		l->birth = PICO_NONE;	/* that very stop tells of it */
	if (loop->kernel->lwp_of != NULL && l->process->arriving > 0)
		who = unborn(loop, l);
	else if (d->event.kind == PICO_EXEC && l->birth == PICO_NONE && d->event.other != 0)
		who = pico_lwps_find(&loop->lwps, d->event.other);
	if (who == NULL || who->process != l->process || who->birth == PICO_NONE)
		return 0;
	memset(&ev, 0, sizeof(ev));
	ev.kind = who->birth;
	ev.lwp = who->id;
	who->birth = PICO_NONE;
	if (who->state == PICO_LWP_EXPECTED)
		who->state = PICO_LWP_RUNNING;	/* it stands with its process, for another's stop */
	if (ev.kind == PICO_ATTACHED)
		arrived(loop, l->process);
	/* One stop of a process is for all its LWPs. */
	int more = loop->kernel->lwp_of != NULL && l->process->arriving > 0;
	if (more || (d->event.kind != PICO_FIRST_STOP && d->event.kind != PICO_INTERRUPTED))
		pico_lwps_push_ready(&loop->lwps, l, raw->status);
	else if (loop->kernel->lwp_of != NULL)
		l->process->stopping = 0;
	int emitted = pico_loop_emit(loop, l->process, &ev);
	if (emitted && ev.kind == PICO_ATTACHED && l->id == l->process->pid)
		pico_loop_write_image(loop, l->process);
	go_on(loop, l, emitted);
	return 1;
}

static int
dispatch(struct pico_loop *loop, struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;
	int e = 0;

	switch (ev->kind) {
	case PICO_SCE:
		take_entry(loop, l, ev);
		return 0;
	case PICO_SCX:
		return take_exit(loop, l, ev);
	case PICO_EXEC:
		take_exec(loop, l, ev);
		return 0;
	case PICO_FORKED:
	case PICO_VFORKED:
	case PICO_SPAWNED:
		e = pico_loop_new_process(loop, l, ev->other);
		/* Not asked for: the kernel has told of it all the same (Linux: one without SIGCHLD comes
		 * as an LWP does), and it is let go. */
		if (!loop->follow)
			ev->kind = PICO_NONE;
		break;
	case PICO_LWP_CREATED:
		if (ev->lwp == l->id)
			break;
		/* The creator stands here; the record is made when the new LWP does. */
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
		take_leader_exit(loop, l, ev);
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
		break;
	}
	report(loop, l, ev);
	return e;
}

/* The LWP that an id of wait's stands for, NULL: not known. */
static int
by_lwp(struct pico_loop *loop, const struct pico_raw *raw, struct pico_lwp **l)
{
	*l = pico_lwps_find(&loop->lwps, raw->id);
	struct pico_process *p = *l == NULL ? pico_lwps_process(&loop->lwps, raw->id) : NULL;

	/* Its first LWP had exited when it was attached to; by an execve another has that id now. */
	if (p != NULL && (*l = pico_lwps_add(&loop->lwps, raw->id, p)) == NULL)
		return -ENOMEM;
	return 0;
}

/* The same where wait's ids are those of processes: the stop tells the LWP. */
static int
by_process(struct pico_loop *loop, struct pico_raw *raw, struct pico_lwp **l)
{
	struct pico_kernel *k = loop->kernel;
	struct pico_process *p = pico_lwps_process(&loop->lwps, raw->id);
	int32_t id = 0;
	int needs, e;

	*l = pico_lwps_find_in(&loop->lwps, NULL, raw->id);
	if (p == NULL)
		return 0;
	while ((needs = k->lwp_of(raw, &id)) != PICO_DECODED)
		if ((e = k->answer(k, p->pid, raw, needs)) < 0)
			return e;
	*l = id != 0 ? pico_lwps_find_in(&loop->lwps, p, id) : pico_lwps_any(&loop->lwps, p);
	if (*l != NULL)
		return 0;
	/* A new process was known by its pid, which its first LWP need not have. */
	*l = pico_lwps_any(&loop->lwps, p);
	if (p->lwps == 1 && (*l)->state == PICO_LWP_EXPECTED) {
		pico_lwps_rename(&loop->lwps, *l, id);
		return 0;
	}
	int leaving = (*l)->leaving;
	*l = pico_lwps_add(&loop->lwps, id, p);
	if (*l == NULL)
		return -ENOMEM;
	(*l)->birth = PICO_LWP_CREATED;
	(*l)->leaving = (uint8_t)leaving;
	return 0;
}

/* A stop that nobody asked for is a new LWP's first. The one that we know by its id has got another by an
 * execve, of which the kernel has still to tell: a stop of one LWP may come before an earlier one of
 * another, and an id is free at once. */
static int
is_anothers(struct pico_loop *loop, const struct pico_lwp *l, const struct pico_decoded *d)
{
	int32_t pid, parent;

	if (loop->kernel->lwp_of != NULL || d->event.kind != PICO_INTERRUPTED || l->id == l->process->pid)
		return 0;
	return loop->kernel->family(loop->kernel, l->id, &pid, &parent) == 0 && pid != l->process->pid;
}

int
pico_loop_take(struct pico_loop *loop, struct pico_raw *raw)
{
	struct pico_lwp *l;
	struct pico_decoded d;

	int e = loop->kernel->lwp_of != NULL ? by_process(loop, raw, &l) : by_lwp(loop, raw, &l);
	if (e < 0)
		return e == -ESRCH ? 0 : e;	/* killed just now: see below */
	if (l == NULL || l->process == NULL)
		return pico_loop_hold(loop, l, raw);

	memset(&d, 0, sizeof(d));
	if (l->answered == PICO_ANSWERED_NOW) {
		d.event.kind = PICO_SCX;
		d.event.lwp = l->id;
		return take_exit(loop, l, &d.event);
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
	if (is_anothers(loop, l, &d)) {
		e = pico_lwps_exec_early(&loop->lwps, l);
		return e < 0 ? e : pico_loop_hold(loop, NULL, raw);
	}
	l->state = PICO_LWP_STANDING;
	l->status = raw->status;
	l->signo = d.signo;
	l->resume = d.resume;
	if (l->process->stepping != NULL) {
		take_whole_result(loop, l, raw, &d);
		return 0;
	}
	if (born(loop, l, raw, &d) || orphans_first(loop, l, raw, &d))
		return 0;
	if (d.resume == PICO_RESUME_GONE) {
		take_end(loop, l, &d.event);
		return 0;
	}
	return dispatch(loop, l, &d);
}
