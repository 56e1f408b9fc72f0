/*
 * Filters in the kernel: a process that has one stops at the calls that it chooses, once, and runs past all
 * others; and so does whatever comes of it, for it can never be taken off.
 */
#include <errno.h>
#include <stddef.h>

#include "loop_state.h"

int
pico_loop_set_kernel_filter(struct pico_loop *loop, const void *program, uint32_t size)
{
	struct pico_kernel *k = loop->kernel;

	if (k->set_filter == NULL || loop->follow != PICO_FOLLOW_ALL)
		return -EOPNOTSUPP;
	int e = k->set_filter(k, program, size);
	loop->filtered = e >= 0 && program != NULL;
	return e;
}

/* The exit of the call that it stands in has to be seen. */
static int
needs_exit(const struct pico_loop *loop, const struct pico_lwp *l)
{
	if (l->altered || l->answered || l->keeps || l->again)
		return 1;
	return loop->events & 1u << PICO_SCX && !l->silent && pico_loop_chooses(loop, l->abi, l->sysnum);
}

int
pico_loop_runs_on(const struct pico_loop *loop, const struct pico_lwp *l)
{
	const struct pico_process *p = l->process;

	return p->filtered && !p->confined && !l->stepped && !(l->in_call && needs_exit(loop, l));
}

void
pico_loop_filtered_entry(struct pico_loop *loop, struct pico_lwp *l, const struct pico_decoded *d)
{
	struct pico_process *p = l->process;
	struct pico_kernel *k = loop->kernel;

	/* What comes back of it later is not filtered by us alone. */
	if (p->filtered && d->confines)
		p->confined = 1;
	if (d->refuse != 0)
		pico_loop_fail(loop, pico_loop_refuse(loop, l, d->refuse));
	else if (p->filtered && k->keep_child != NULL) {
		int e = k->keep_child(k, p->pid, l->id, &d->event, 0);
		l->keeps = e == 1;
		l->altered |= l->keeps;
		pico_loop_fail(loop, e);
	}
}

void
pico_loop_kept(struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_kernel *k = loop->kernel;
	struct pico_event call = { .abi = l->abi, .sysnum = l->sysnum, .nargs = 1, .args = { l->args[0] } };

	if (l->keeps)
		pico_loop_fail(loop, k->keep_child(k, l->process->pid, l->id, &call, 1));
	l->keeps = 0;
}
