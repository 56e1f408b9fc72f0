/*
 * A system call begins, and ends: what is kept of it between the two, and what is reported.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

void
pico_loop_take_entry(struct pico_loop *loop, struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;

	pico_names_trim(ev->abi < PICO_ABIS ? loop->syscalls[ev->abi] : NULL, ev);
	l->in_call = 1;
	l->skip_exit = 0;
	l->altered = l->answered = 0;
	/* It was come to by a step, and the filter in the kernel is asked after that: of this very call. */
	l->again = l->process->filtered && l->stepped;
	l->abi = ev->abi;
	l->nargs = ev->nargs;
	l->sysnum = ev->sysnum;
	memcpy(l->args, ev->args, sizeof(l->args));
	l->enter_ns = loop->now;
	pico_loop_filtered_entry(loop, l, d);
	int emitted = pico_loop_emit(loop, l->process, ev);
	l->enter_seq = emitted ? ev->seq : 0;
	pico_loop_go_on(loop, l, emitted);
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

int
pico_loop_take_exit(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	int skip = l->skip_exit, given = l->in_call && l->answered, e = 0;

	if (l->in_call) {
		complete(loop, l, ev);
		e = pico_loop_altered(loop, l, ev);
		pico_loop_kept(loop, l);
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
	pico_loop_go_on(loop, l, emitted);
	return 0;
}

/* The stop after a step, or what came in its place, perhaps of another LWP. */
void
pico_loop_take_whole_result(struct pico_loop *loop, struct pico_lwp *stopped, struct pico_raw *raw,
    const struct pico_decoded *d)
{
	struct pico_lwp *l = stopped->process->stepping;
	struct pico_event ev = { .kind = PICO_SCX };

	pico_loop_stepped(loop, l, raw, d, &ev);
	complete(loop, l, &ev);
	l->in_call = 0;
	if (stopped != l || d->event.kind != PICO_SINGLESTEP)
		pico_lwps_push_ready(&loop->lwps, stopped, raw->status);
	pico_loop_report(loop, stopped, &ev);
}
