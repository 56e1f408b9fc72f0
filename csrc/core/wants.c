/*
 * Which events are wanted: by kind, a call by its number, and its exit by how it has gone.
 */
#include "loop_state.h"

void
pico_loop_set_filter(struct pico_loop *loop, int abi, const uint8_t *bits, int32_t first, uint32_t count,
    int others)
{
	if (abi >= 0 && abi < PICO_ABIS)
		loop->filters[abi] = (struct pico_filter){ bits, first, count, others };
}

void
pico_loop_set_errors(struct pico_loop *loop, const uint8_t *bits, int32_t first, uint32_t count, int others)
{
	loop->errors = (struct pico_filter){ bits, first, count, others };
}

void
pico_loop_set_slower_than(struct pico_loop *loop, uint64_t ns)
{
	loop->slower_than_ns = ns;
}

static int
passes(const struct pico_filter *f, int64_t number)
{
	int64_t place = number - f->first;

	if (f->bits == NULL)
		return 1;	/* no filter */
	if (place < 0 || place >= (int64_t)f->count)
		return f->others;
	return f->bits[place / 8] >> (place % 8) & 1;
}

int
pico_loop_chooses(const struct pico_loop *loop, int abi, int32_t sysnum)
{
	return passes(&loop->filters[abi < PICO_ABIS ? abi : PICO_ABI_UNKNOWN], sysnum);
}

int
pico_loop_wants(const struct pico_loop *loop, const struct pico_event *ev)
{
	if (!(loop->events & (1u << ev->kind)))
		return 0;
	if (ev->kind != PICO_SCE && ev->kind != PICO_SCX)
		return 1;
	if (!pico_loop_chooses(loop, ev->abi, ev->sysnum))
		return 0;
	if (ev->kind == PICO_SCE)
		return 1;
	/* A call whose entry was not seen has taken nobody knows how long. */
	return passes(&loop->errors, ev->error) &&
	    (loop->slower_than_ns == 0 || ev->elapsed_ns > loop->slower_than_ns);
}
