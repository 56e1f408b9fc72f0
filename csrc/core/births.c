/*
 * The first stop of an LWP: what is recorded of it before what it stopped for.
 */
#include <string.h>

#include "loop_state.h"

/* When all LWPs that were attached to have stopped, none is inside a clone(2) that it entered before and
 * that made an LWP which nobody told of: look for those. But not now: the LWP in hand may be about to exit,
 * and an execve of another wait for that, and attaching for the execve. */
static void
arrived(struct pico_loop *loop, struct pico_process *p)
{
	if (p->arriving > 0 && --p->arriving == 0 && !loop->closing && loop->follow != PICO_FOLLOW_NONE)
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
int
pico_loop_born(struct pico_loop *loop, struct pico_lwp *l, const struct pico_raw *raw, const struct pico_decoded *d)
{
	struct pico_lwp *who = l;
	struct pico_event ev;

	if (l->birth == PICO_LWP_CREATED && d->event.kind == PICO_LWP_CREATED && d->event.lwp == l->id)
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
	/* Where LWPs stop one by one, who was in a vfork(2) comes to its end first. */
	if (loop->kernel->lwp_of == NULL && d->event.kind != PICO_VFORK_DONE)
		who->made = 0;
	/* One stop of a process is for all its LWPs. */
	int more = loop->kernel->lwp_of != NULL && l->process->arriving > 0;
	if (more || (d->event.kind != PICO_FIRST_STOP && d->event.kind != PICO_INTERRUPTED))
		pico_lwps_push_ready(&loop->lwps, l, raw->status);
	else if (loop->kernel->lwp_of != NULL)
		l->process->stopping = 0;
	int emitted = pico_loop_emit(loop, l->process, &ev);
	if (emitted && ev.kind == PICO_ATTACHED && l->id == l->process->pid)
		pico_loop_write_image(loop, l->process);
	uint8_t stepped = l->stepped;
	pico_loop_go_on(loop, l, emitted);
	if (loop->current == l && who != l) {
		loop->current_lwp = who->id;
		l->stepped = stepped;	/* it was asked for at its own arrival, by the same stop */
	}
	return 1;
}

int
pico_loop_was_there(struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_event ev = { .kind = l->birth, .lwp = l->id };

	if (l->birth == PICO_NONE)
		return 0;
	l->birth = PICO_NONE;
	if (ev.kind == PICO_ATTACHED)
		arrived(loop, l->process);
	(void)pico_loop_emit(loop, l->process, &ev);
	return 1;
}
