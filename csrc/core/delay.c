/*
 * LWPs that stand still for a while longer, by the tracer's doing, while all else goes on. Where a process stops as
 * a whole, so it stands.
 */
#include <errno.h>

#include "loop_state.h"

int
pico_loop_delay(struct pico_loop *loop, int32_t lwp, uint64_t ns)
{
	struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);

	if (l == NULL)
		return -EBUSY;
	l->delay_ns = ns;
	return 0;
}

int
pico_loop_put_off(struct pico_loop *loop, struct pico_lwp *l)
{
	if (l->delay_ns == 0)
		return 0;
	l->wake_ns = pico_clock_ns() + l->delay_ns;
	l->delay_ns = 0;
	if (loop->lwps.delayed++ == 0 || l->wake_ns < loop->wake_ns)
		loop->wake_ns = l->wake_ns;
	return 1;
}

void
pico_loop_hurry(struct pico_loop *loop, struct pico_lwp *l)
{
	l->delay_ns = 0;
	if (l->wake_ns != 0)
		loop->lwps.delayed--;
	l->wake_ns = 0;
}

void
pico_loop_wake(struct pico_loop *loop)
{
	uint64_t now = pico_clock_ns(), next = UINT64_MAX;
	struct pico_lwp *l;

	if (now < loop->wake_ns)
		return;
	for (uint32_t cursor = 0; loop->lwps.delayed > 0 && (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL;) {
		uint32_t used = loop->lwps.used;
		if (l->wake_ns == 0)
			continue;
		if (l->wake_ns > now) {
			next = l->wake_ns < next ? l->wake_ns : next;
			continue;
		}
		pico_loop_hurry(loop, l);
		pico_loop_resume(loop, l);
		if (loop->lwps.used < used)
			cursor--;
	}
	loop->wake_ns = next;
}
