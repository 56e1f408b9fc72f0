/*
 * Memory of LWPs that stand still.
 */
#include <errno.h>

#include "loop_state.h"

int64_t
pico_loop_read(struct pico_loop *loop, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	const struct pico_lwp *l = pico_loop_seen_lwp(loop, lwp);

	if (l == NULL)
		return -ESRCH;
	return loop->kernel->read(loop->kernel, l->process->pid, lwp, addr, data, size);
}

int64_t
pico_loop_write(struct pico_loop *loop, int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	const struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);

	if (l == NULL)
		return -EBUSY;
	return loop->kernel->write(loop->kernel, l->process->pid, lwp, addr, data, size);
}
