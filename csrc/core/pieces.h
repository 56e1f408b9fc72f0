/*
 * Which lines of a text are whose.
 */
#ifndef PICO_PIECES_H
#define PICO_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

struct pico_pieces {
	struct pico_piece *all;
	int count, room;
};

/* A line of that process comes next, at `start`; `last`: none of it comes after that. 0 or -ENOMEM. */
int pico_pieces_next(struct pico_pieces *, int32_t pid, size_t start, int last);
void pico_pieces_destroy(struct pico_pieces *);

#endif
