/*
 * Whose turn it is. wait4(-1) serves the newest tracee that has stopped, and where LWPs stop as fast as they are
 * served the older ones would never get a turn. So those that have stopped lately are asked one after
 * another, by id; wait4(-1) is for when none of them has anything.
 *
 * Those that have been quiet for a while are idle. They are asked all together now and then, for a busy
 * one is always there before them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "linux_kernel.h"

/* How often in a row one has nothing to tell before it is idle: a miss costs a third of a microsecond. */
enum { PATIENCE = 16 };
#define SWEEP_NS 10000000

static int
ask(int32_t id, struct pico_raw *raw)
{
	int status;
	pid_t got = pico_linux_wait_for(id, &status, WNOHANG);

	if (got < 0)
		return -errno;
	raw->id = id;
	raw->status = status;
	return got > 0;
}

static int32_t *
place_of(struct linux_turns *t, int32_t id)
{
	return &t->active_at[(uint32_t)id % PICO_TURN_PLACES];
}

static void
deactivate(struct linux_turns *t, uint32_t i)
{
	int32_t *place = place_of(t, t->active[i].id);

	if (*place == t->active[i].id)
		*place = 0;
	t->active[i] = t->active[--t->active_count];
}

static int
make_idle(struct linux_turns *t, int32_t id)
{
	if (t->idle_count == t->idle_room) {
		uint32_t room = t->idle_room * 2 + 64;
		int32_t *more = realloc(t->idle, room * sizeof(*more));
		if (more == NULL)
			return 0;
		t->idle = more;
		t->idle_room = room;
	}
	t->idle[t->idle_count++] = id;
	return 1;
}

/* One that cannot be remembered is found by wait4(-1), as long as it has to wait. */
void
pico_linux_turn_add(struct linux_turns *t, int32_t id)
{
	if (*place_of(t, id) == id)
		return;
	if (t->active_count == t->active_room) {
		uint32_t room = t->active_room * 2 + 16;
		struct linux_turn *more = realloc(t->active, room * sizeof(*more));
		if (more == NULL)
			return;
		t->active = more;
		t->active_room = room;
	}
	*place_of(t, id) = id;
	t->active[t->active_count++] = (struct linux_turn){ id, 0 };
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

/* Those of the idle that have stopped are active again, and then get their turns. */
static int
sweep(struct linux_turns *t, struct pico_raw *raw)
{
	while (t->sweeping > 0) {
		uint32_t i = --t->sweeping;
		int32_t id = t->idle[i];
		int e = *place_of(t, id) == id ? -EALREADY : ask(id, raw);
		if (e == 0)
			continue;
		t->idle[i] = t->idle[--t->idle_count];
		if (e > 0) {
			pico_linux_turn_add(t, id);
			return 1;
		}
	}
	return 0;
}

int
pico_linux_turn_next(struct linux_turns *t, struct pico_raw *raw)
{
	if (t->active_count < 2)
		return 0;	/* nobody it could keep from a turn */
	if (t->sweeping > 0 || (t->idle_count > 0 && is_time_to_sweep(t) && (t->sweeping = t->idle_count)))
		if (sweep(t, raw))
			return 1;
	for (uint32_t asked = 0, all = t->active_count; asked < all && t->active_count > 0; asked++) {
		if (t->next >= t->active_count)
			t->next = 0;
		struct linux_turn *turn = &t->active[t->next];
		int e = ask(turn->id, raw);
		if (e > 0) {
			turn->misses = 0;
			t->next++;
			return 1;
		}
		if (e == 0 && ++turn->misses < PATIENCE) {
			t->next++;
			continue;
		}
		int32_t id = turn->id;
		deactivate(t, t->next);
		if (e == 0)
			(void)make_idle(t, id);
	}
	return 0;
}

void
pico_linux_turns_free(struct linux_turns *t)
{
	free(t->active);
	free(t->idle);
}
