/*
 * Whole results, where the kernel's record of a call has 32 bits of them: one step more, and the registers tell the
 * rest. Where an instruction of the program's was executed by that, which has put something else there, those 32 bits
 * remain.
 */
#include <string.h>

#include "loop_state.h"

static int
is_whole(const struct pico_loop *loop, const struct pico_lwp *l, const struct pico_event *ev)
{
	return loop->kernel->capabilities & PICO_CAN_WHOLE_RESULTS || ev->error != 0 || !l->in_call ||
	    pico_names_fits_int(loop->syscalls[ev->abi < PICO_ABIS ? ev->abi : PICO_ABI_UNKNOWN], ev);
}

static void
cut(struct pico_event *ev)
{
	ev->retval[0] &= 0xffffffffu;
	ev->flags |= PICO_CUT;
}

int
pico_loop_step_for_result(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	struct pico_kernel *k = loop->kernel;

	if (is_whole(loop, l, ev))
		return 0;
	if (loop->whole_results && k->capabilities & PICO_CAN_STEP && k->result_of != NULL &&
	    !loop->closing && !l->process->leaving && !l->unfollowed && pico_loop_wants(loop, ev) &&
	    k->resume(k, l->process->pid, l->id, PICO_RESUME_RETURN, 0) == 0) {
		l->state = PICO_LWP_RUNNING;
		l->process->stepping = l;
		memcpy(l->retval, ev->retval, sizeof(l->retval));
		return 1;
	}
	cut(ev);
	return 0;
}

/* Whether this stop's registers are those of `l`. */
static int
is_of(const struct pico_loop *loop, const struct pico_lwp *l, const struct pico_raw *raw)
{
	int32_t id = 0;

	return loop->kernel->lwp_of(raw, &id) == PICO_DECODED && (id == l->id || l->process->lwps == 1);
}

void
pico_loop_stepped(struct pico_loop *loop, struct pico_lwp *l, struct pico_raw *raw,
    const struct pico_decoded *d, struct pico_event *ev)
{
	struct pico_kernel *k = loop->kernel;

	l->process->stepping = NULL;
	ev->lwp = l->id;
	if (d->resume != PICO_RESUME_GONE && is_of(loop, l, raw) &&
	    k->answer(k, l->process->pid, raw, PICO_NEED_REGS) == 0 && k->result_of(raw, ev) == 0 &&
	    (uint32_t)ev->retval[0] == (uint32_t)l->retval[0])
		return;
	memcpy(ev->retval, l->retval, sizeof(ev->retval));
	cut(ev);
}
