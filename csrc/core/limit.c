/*
 * How much is recorded: so many calls, or what happens until some time. After that everything is let go, and all that
 * is recorded is that, and the ends of those that came to it first.
 */
#include <errno.h>

#include "loop_state.h"

int
pico_loop_set_limit(struct pico_loop *loop, uint64_t calls, uint64_t ns)
{
	if (loop->filtered)
		return -EOPNOTSUPP;	/* with our filter in the kernel it cannot be let go */
	loop->limit.calls = calls;
	loop->limit.at_ns = ns != 0 ? pico_clock_ns() + ns : 0;
	loop->limit.reached = 0;
	return 0;
}

int
pico_loop_limit_reached(const struct pico_loop *loop)
{
	return loop->limit.reached;
}

static void
reach(struct pico_loop *loop)
{
	loop->limit.reached = 1;
	for (struct pico_process *p = loop->lwps.processes; p != NULL; p = p->next)
		if (!p->leaving)
			p->leaving = PICO_LEAVING;
	loop->parting = 1;
}

void
pico_loop_pass_limit(struct pico_loop *loop)
{
	if (loop->limit.reached)
		loop->limit = (struct pico_limit){ 0 };
}

void
pico_loop_count(struct pico_loop *loop, uint16_t kind)
{
	uint16_t counted = loop->events & 1u << PICO_SCX ? PICO_SCX : PICO_SCE;

	if (loop->limit.calls > 0 && kind == counted && --loop->limit.calls == 0)
		reach(loop);
}

void
pico_loop_look_at_clock(struct pico_loop *loop, uint64_t now)
{
	if (loop->limit.at_ns != 0 && now >= loop->limit.at_ns && !loop->limit.reached)
		reach(loop);
}

int
pico_loop_is_beyond(const struct pico_loop *loop, uint16_t kind)
{
	return loop->limit.reached && kind != PICO_DETACHED && kind != PICO_EXITED && kind != PICO_SIGNALED;
}
