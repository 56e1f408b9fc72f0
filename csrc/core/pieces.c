/*
 * Which lines of a text are whose: a piece is as many of one process as come one after another.
 */
#include <errno.h>
#include <stdlib.h>

#include "pieces.h"

static int
grow(struct pico_pieces *pieces)
{
	int room = pieces->room > 0 ? 2 * pieces->room : 64;
	struct pico_piece *all = realloc(pieces->all, (size_t)room * sizeof(*all));

	if (all == NULL)
		return -ENOMEM;
	pieces->all = all;
	pieces->room = room;
	return 0;
}

int
pico_pieces_next(struct pico_pieces *pieces, int32_t pid, size_t start, int last)
{
	struct pico_piece *piece = pieces->count > 0 ? &pieces->all[pieces->count - 1] : NULL;

	if (piece == NULL || piece->pid != pid || piece->last) {
		if (pieces->count == pieces->room && grow(pieces) < 0)
			return -ENOMEM;
		piece = &pieces->all[pieces->count++];
		*piece = (struct pico_piece){ .pid = pid, .start = start };
	}
	piece->last = last;
	return 0;
}

void
pico_pieces_destroy(struct pico_pieces *pieces)
{
	free(pieces->all);
}
