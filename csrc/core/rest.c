/*
 * What happens while a stream's loop is closed: the records of it, of which there may be any number.
 */
#include <errno.h>
#include <stdlib.h>

#include "loop_state.h"

void
pico_loop_keep_rest(struct pico_loop *loop)
{
	loop->rest.wanted = 1;
}

void
pico_loop_put_rest(struct pico_loop *loop, const struct pico_event *ev)
{
	struct pico_rest *rest = &loop->rest;

	if (rest->count == rest->room) {
		int room = rest->room > 0 ? 2 * rest->room : 64;
		struct pico_event *records = realloc(rest->records, (size_t)room * sizeof(*records));
		if (records == NULL) {
			rest->lost = 1;
			return;
		}
		rest->records = records;
		rest->room = room;
	}
	rest->records[rest->count++] = *ev;
}

int
pico_loop_rest(const struct pico_loop *loop, const struct pico_event **records)
{
	*records = loop->rest.records;
	return loop->rest.lost ? -ENOMEM : loop->rest.count;
}
