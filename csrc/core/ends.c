/*
 * The ends of LWPs and processes, and what has to be settled before them.
 */
#include <string.h>

#include "loop_state.h"

/* An LWP is no more; with the last one (on Linux: the first, which the kernel reports last) the
 * process. */
void
pico_loop_take_end(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_process *p = l->process;
	int whole = ev->kind != PICO_LWP_EXITED;

	/* The others were let go already: that is what became of the process. */
	if (!whole && p->lwps == 1 && p->leaving) {
		pico_loop_left(loop, l);
		return;
	}
	(void)pico_loop_emit(loop, p, ev);
	if (whole && p->pid == loop->root && loop->root_end.kind == PICO_NONE) {
		uint16_t kind = ev->kind;
		ev->pid = p->pid;
		ev->ts_ns = loop->now;	/* also where it is in no record */
		memcpy(ev->program, p->program, sizeof(ev->program));
		ev->kind = PICO_NONE;
		loop->root_end = *ev;
		/* Another thread may look: it is all there when its kind is. */
		__atomic_store_n(&loop->root_end.kind, kind, __ATOMIC_RELEASE);
	}
	if (whole)
		pico_lwps_exec(&loop->lwps, l, 0);
	pico_lwps_remove(&loop->lwps, l);
}

/* Is there one to be taken first? Those that wait themselves would wait for each other for ever. */
static int
others_first(const struct pico_loop *loop, const struct pico_process *p)
{
	const struct pico_lwp *l = loop->lwps.first_ready;

	while (l != NULL && (l->process != p || l->waits))
		l = l->next_ready;
	return l != NULL;
}

/* Where a process ends or has a new image, LWPs and children of it are taken in whose creator was killed
 * before it could tell. 1: there are LWPs among them, and the stop in hand is to be taken again after
 * them, for they are of the process as it was. */
int
pico_loop_orphans_first(struct pico_loop *loop, struct pico_lwp *l, const struct pico_raw *raw,
    const struct pico_decoded *d)
{
	int ends = d->resume == PICO_RESUME_GONE && d->event.kind != PICO_LWP_EXITED;

	if (!ends && d->event.kind != PICO_EXEC)
		return 0;
	pico_loop_release_orphans(loop, l->process->pid);
	if (!others_first(loop, l->process))
		return 0;
	l->waits = 1;
	pico_lwps_push_ready(&loop->lwps, l, raw->status);
	return 1;
}

void
pico_loop_take_leader_exit(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	l->process->leader_gone = 1;
	l->in_call = 0;
	pico_loop_report(loop, l, ev);
}
