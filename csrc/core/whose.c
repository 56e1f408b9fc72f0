/*
 * Whose a stop is: the LWP that an id of the kernel's stands for.
 */
#include <errno.h>

#include "loop_state.h"

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
	*l = pico_lwps_add(&loop->lwps, id, p);
	if (*l == NULL)
		return -ENOMEM;
	(*l)->birth = PICO_LWP_CREATED;
	(*l)->unfollowed = loop->follow == PICO_FOLLOW_NONE;
	return 0;
}

int
pico_loop_whose(struct pico_loop *loop, struct pico_raw *raw, struct pico_lwp **l)
{
	return loop->kernel->lwp_of != NULL ? by_process(loop, raw, l) : by_lwp(loop, raw, l);
}

/* A stop that nobody asked for is a new LWP's first. The one that we know by its id has got another by an
 * execve, of which the kernel has still to tell: a stop of one LWP may come before an earlier one of
 * another, and an id is free at once. */
int
pico_loop_is_anothers(struct pico_loop *loop, const struct pico_lwp *l, const struct pico_decoded *d)
{
	int32_t pid, parent;

	if (loop->kernel->lwp_of != NULL || d->event.kind != PICO_INTERRUPTED || l->id == l->process->pid)
		return 0;
	return loop->kernel->family(loop->kernel, l->id, &pid, &parent) == 0 && pid != l->process->pid;
}
