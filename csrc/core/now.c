/*
 * What there is to know of the LWPs as they are now, and of the end of the first process.
 */
#include <string.h>

#include "loop_state.h"

int32_t
pico_loop_standing(const struct pico_loop *loop)
{
	return loop->current != NULL ? loop->current_lwp : 0;
}

int
pico_loop_root_end(const struct pico_loop *loop, struct pico_event *ev)
{
	if (__atomic_load_n(&loop->root_end.kind, __ATOMIC_ACQUIRE) == PICO_NONE)
		return 0;
	*ev = loop->root_end;
	return 1;
}

/* Where the process stops as a whole, all stand while one is in hand. */
static int
stands_with_process(const struct pico_loop *loop, const struct pico_lwp *l)
{
	return loop->kernel->lwp_of != NULL && loop->current != NULL && loop->current->process == l->process;
}

int
pico_loop_lwps(const struct pico_loop *loop, struct pico_lwp_now *now, int max)
{
	const struct pico_lwp *l;
	int n = 0;

	for (uint32_t cursor = 0; (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;) {
		if (l->process == NULL)
			continue;	/* held: not announced yet */
		if (l->silent)
			continue;	/* nothing is said of it */
		if (n++ >= max)
			continue;
		*now = (struct pico_lwp_now){ .pid = l->process->pid, .lwp = l->id, .sysnum = -1 };
		memcpy(now->program, l->process->program, sizeof(now->program));
		now->doing = l->state == PICO_LWP_STANDING || l->ready || stands_with_process(loop, l) ? PICO_STANDS :
			     l->state == PICO_LWP_LISTENING	       ? PICO_STOPPED_BY_SIGNAL :
								         PICO_RUNS;
		if (l->in_call) {
			now->in_call = 1;
			now->sysnum = l->sysnum;
			now->abi = l->abi;
			now->since_ns = l->enter_ns;
		}
		now++;
	}
	return n;
}
