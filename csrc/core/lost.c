/*
 * Stops and ends that another wait has taken: one in the host's program, for any child, is told of every tracee. A
 * stop can be made up for; of an end only that it has been.
 */
#include <errno.h>

#include "loop_state.h"

/* It is no more, and how it ended is not known. */
static void
lose(struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_event ev = { .kind = PICO_LWP_EXITED, .lwp = l->id };
	struct pico_process *p = l->process;

	if (p == NULL) {
		pico_lwps_remove(&loop->lwps, l);
	} else if (pico_loop_was_there(loop, l)) {
		return;	/* there may be no room to record its end as well: the next look finds it again */
	} else if (p->lwps > 1 && l->id != p->pid) {
		pico_loop_take_end(loop, l, &ev);
	} else {
		pico_lwps_exec(&loop->lwps, l, 0);	/* a first LWP is the last to be waited for */
		pico_loop_left(loop, l);
	}
}

/* Where its process lives, its id may be missing because of an execve, which the kernel has still to tell of. */
static int
has_gone(struct pico_loop *loop, const struct pico_lwp *l)
{
	int32_t pid, parent;

	return loop->closing || loop->kernel->family(loop->kernel, l->process->pid, &pid, &parent) < 0;
}

void
pico_loop_look_for_lost(struct pico_loop *loop)
{
	struct pico_kernel *k = loop->kernel;
	struct pico_lwp *l;
	struct pico_raw raw;

	loop->now = pico_clock_ns();
	if (k->missed == NULL || loop->now - loop->looked_ns < PICO_OVERDUE_NS)
		return;
	loop->looked_ns = loop->now;
	for (uint32_t cursor = 0; (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;) {
		if (l->process == NULL || l->ready || l->state == PICO_LWP_STANDING)
			continue;
		int e = k->missed(k, l->process->pid, l->id, &raw);
		if (e == 1)
			pico_lwps_push_ready(&loop->lwps, l, raw.status);
		if (e != -ECHILD || !has_gone(loop, l))
			continue;
		lose(loop, l);
		loop->looked_ns = 0;	/* there may be no room to record another: look again soon */
		return;
	}
}

int
pico_loop_lose_one(struct pico_loop *loop)
{
	uint32_t cursor = 0;
	struct pico_lwp *l = pico_lwps_next(&loop->lwps, &cursor);

	if (l == NULL)
		return 0;
	loop->now = pico_clock_ns();
	lose(loop, l);
	return 1;
}
