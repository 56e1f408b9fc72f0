/*
 * What the tracer changes of the LWP that stands still: its registers.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

int64_t
pico_loop_get_regs(struct pico_loop *loop, int32_t lwp, void *regs, size_t size)
{
	const struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	return k->get_regs != NULL ? k->get_regs(k, l->process->pid, lwp, regs, size) : -EOPNOTSUPP;
}

int
pico_loop_set_regs(struct pico_loop *loop, int32_t lwp, const void *regs, size_t size)
{
	const struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	return k->set_regs != NULL ? k->set_regs(k, l->process->pid, lwp, regs, size) : -EOPNOTSUPP;
}
