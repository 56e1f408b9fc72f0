/*
 * Whose turn it is. wait4(-1) serves the newest tracee that has stopped, and where LWPs stop as fast as they are
 * served the older ones would never get a turn. So those that have stopped lately are asked one after
 * another, by id; wait4(-1) is for when none of them has anything.
 *
 * Those that have been quiet for a while are idle. They are asked all together now and then, for a busy
 * one is always there before them.
 *
 * Only this loop's own LWPs are asked: another loop of the thread may have those that it has left.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "linux_kernel.h"

/* How often in a row one has nothing to tell before it is idle: a miss costs a third of a microsecond. */
enum { PATIENCE = 16 };
#define SWEEP_NS 10000000

/* Where somebody else is to be told of its end, it cannot be waited for any more: that, too, is nothing to tell. */
static int
ask(int32_t id, struct pico_raw *raw)
{
	int status;

	if (pico_linux_wait_for(id, &status, WNOHANG) <= 0)
		return 0;
	raw->id = id;
	raw->status = status;
	return 1;
}

static void
put(struct linux_turns *t, uint32_t place, struct linux_turn turn)
{
	t->all[place] = turn;
	*pico_linux_ids_find(&t->places, turn.id) = place;
}

static void
swap(struct linux_turns *t, uint32_t a, uint32_t b)
{
	struct linux_turn turn = t->all[a];

	put(t, a, t->all[b]);
	put(t, b, turn);
}

static int
has_room(struct linux_turns *t)
{
	if (t->count < t->room)
		return 1;
	uint32_t room = t->room * 2 + 16;
	struct linux_turn *more = realloc(t->all, room * sizeof(*more));
	if (more == NULL)
		return 0;
	t->all = more;
	t->room = room;
	return 1;
}

int
pico_linux_owns(const struct linux_kernel *k, int32_t id)
{
	return pico_linux_ids_find(&k->turns.places, id) != NULL;
}

/* One that cannot be remembered is whoever's waits, and found by wait4(-1). */
void
pico_linux_own(struct linux_kernel *k, int32_t id)
{
	struct linux_turns *t = &k->turns;
	const uint32_t *there = pico_linux_ids_find(&t->places, id);
	uint32_t place = there != NULL ? *there : t->count;

	if (there == NULL) {
		if (!has_room(t) || pico_linux_ids_put(&t->places, id, place) < 0)
			return;
		t->all[t->count++] = (struct linux_turn){ id, 0 };
	}
	if (place >= t->active) {
		swap(t, place, t->active);
		place = t->active++;
	}
	t->all[place].misses = 0;
}

void
pico_linux_disown(struct linux_kernel *k, int32_t id)
{
	struct linux_turns *t = &k->turns;
	const uint32_t *there = pico_linux_ids_find(&t->places, id);

	if (there == NULL)
		return;
	uint32_t place = *there;
	if (place < t->active) {
		swap(t, place, --t->active);
		place = t->active;
	}
	swap(t, place, --t->count);
	pico_linux_ids_remove(&t->places, id);
}

static int
is_time_to_sweep(struct linux_turns *t)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	int64_t ns = now.tv_sec * 1000000000ll + now.tv_nsec;
	if (ns - t->swept_ns < SWEEP_NS)
		return 0;
	t->swept_ns = ns;
	return 1;
}

/* Ask the idle, from the last to the first; who has stopped is active again. */
static int
sweep(struct linux_turns *t, struct pico_raw *raw)
{
	uint32_t idle = t->count - t->active;

	if (t->sweeping == 0 && idle > 0 && is_time_to_sweep(t))
		t->sweeping = idle;
	if (t->sweeping > idle)
		t->sweeping = idle;	/* some have ended since */
	while (t->sweeping > 0)
		if (ask(t->all[t->active + --t->sweeping].id, raw))
			return 1;
	return 0;
}

int
pico_linux_turn_next(struct linux_turns *t, struct pico_raw *raw)
{
	if (t->count < 2)
		return 0;	/* nobody it could keep from a turn */
	if (sweep(t, raw))
		return 1;
	if (t->active < 2)
		return 0;
	for (uint32_t asked = 0, all = t->active; asked < all && t->active > 0; asked++) {
		if (t->next >= t->active)
			t->next = 0;
		struct linux_turn *turn = &t->all[t->next];
		if (ask(turn->id, raw)) {
			t->next++;
			return 1;
		}
		if (++turn->misses < PATIENCE)
			t->next++;
		else
			swap(t, t->next, --t->active);
	}
	return 0;
}

void
pico_linux_turns_free(struct linux_turns *t)
{
	free(t->all);
	pico_linux_ids_free(&t->places);
}
