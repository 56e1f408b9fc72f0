/*
 * Whether a process with a new image is to be traced on: the caller says so, between two calls, while the process
 * stands in its execve. The same stop is taken again then.
 */
#include "loop_state.h"

void
pico_loop_set_asks(struct pico_loop *loop, int asks)
{
	loop->asks = asks;
}

int
pico_loop_ask(struct pico_loop *loop, struct pico_lwp *l)
{
	if (l->asked || !loop->asks || loop->closing || l->process->leaving) {
		l->asked = 0;
		return 0;
	}
	loop->asking = l;
	pico_lwps_push_ready(&loop->lwps, l, l->status);
	return 1;
}

int32_t
pico_loop_asked(const struct pico_loop *loop)
{
	return loop->asking != NULL ? loop->asking->process->pid : 0;
}

void
pico_loop_answer(struct pico_loop *loop, int keep)
{
	struct pico_lwp *l = loop->asking;

	if (l == NULL)
		return;
	loop->asking = NULL;
	l->asked = 1;
	if (!keep)
		l->process->leaving = PICO_LEAVING;
}
