/*
 * A whole process that stands still: the LWPs beside the one in hand. Their stops are taken afterwards, as all others.
 */
#include <errno.h>
#include <stdlib.h>

#include "loop_state.h"

/* How long one may take to stop: asleep in the kernel (a parent in vfork) it does not. */
#define PATIENCE_NS 1000000000ull

static int
is_another(const struct pico_loop *loop, const struct pico_lwp *l)
{
	struct pico_process *p = loop->current->process;

	return l->id != loop->current_lwp && l->process == p && !(p->leader_gone && l->id == p->pid);
}

static int
stands(const struct pico_lwp *l)
{
	return l->ready || l->state == PICO_LWP_STANDING;
}

/* Has those stop that run, and strikes out those that do not. */
static int
stop_them(struct pico_loop *loop, const struct pico_process *p, int32_t *lwps, int count)
{
	struct pico_kernel *k = loop->kernel;

	if (k->gather == NULL)
		return k->lwp_of != NULL ? 0 : -EOPNOTSUPP;	/* its LWPs stop together anyway */
	return k->gather(k, p->pid, lwps, count, PATIENCE_NS);
}

int
pico_loop_gather(struct pico_loop *loop, int32_t lwp, int32_t *lwps, int max)
{
	const struct pico_lwp *current = pico_loop_standing_lwp(loop, lwp), *l;
	int n = 0, standing;

	if (current == NULL)
		return -EBUSY;
	for (uint32_t cursor = 0; n < max && (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;)
		if (is_another(loop, l) && stands(l))
			lwps[n++] = l->id;
	standing = n;
	for (uint32_t cursor = 0; n < max && (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;)
		if (is_another(loop, l) && !stands(l))
			lwps[n++] = l->id;
	int e = stop_them(loop, current->process, lwps + standing, n - standing);
	if (e < 0)
		return e;
	loop->gathered = current->process->pid;
	int left = 0;
	for (int i = 0; i < n; i++)
		if (lwps[i] != 0)
			lwps[left++] = lwps[i];
	return left;
}

const struct pico_lwp *
pico_loop_seen_lwp(const struct pico_loop *loop, int32_t lwp)
{
	const struct pico_lwp *l = loop->current;

	if (l == NULL || (lwp != loop->current_lwp && loop->gathered != l->process->pid))
		return NULL;
	return pico_lwps_find_in(&loop->lwps, l->process, lwp);
}
