/*
 * A number for each id: open addressing, 0 is an empty slot.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

#include "linux_kernel.h"

static uint32_t
slot_of(const struct linux_ids *ids, int32_t id)
{
	uint32_t i = (uint32_t)id * 2654435761u & (ids->size - 1);

	while (ids->slots[i].id != 0 && ids->slots[i].id != id)
		i = (i + 1) & (ids->size - 1);
	return i;
}

uint32_t *
pico_linux_ids_find(const struct linux_ids *ids, int32_t id)
{
	if (ids->size == 0)
		return NULL;
	struct linux_id *slot = &ids->slots[slot_of(ids, id)];
	return slot->id == id ? &slot->number : NULL;
}

static int
grow(struct linux_ids *ids)
{
	struct linux_ids more = { .size = ids->size > 0 ? ids->size * 2 : 64, .used = ids->used };

	more.slots = calloc(more.size, sizeof(*more.slots));
	if (more.slots == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < ids->size; i++)
		if (ids->slots[i].id != 0)
			more.slots[slot_of(&more, ids->slots[i].id)] = ids->slots[i];
	free(ids->slots);
	*ids = more;
	return 0;
}

int
pico_linux_ids_put(struct linux_ids *ids, int32_t id, uint32_t number)
{
	uint32_t *there = pico_linux_ids_find(ids, id);

	if (there != NULL) {
		*there = number;
		return 0;
	}
	if ((ids->used + 1) * 2 > ids->size && grow(ids) < 0)
		return -ENOMEM;
	ids->slots[slot_of(ids, id)] = (struct linux_id){ id, number };
	ids->used++;
	return 0;
}

void
pico_linux_ids_remove(struct linux_ids *ids, int32_t id)
{
	if (pico_linux_ids_find(ids, id) == NULL)
		return;
	uint32_t gap = slot_of(ids, id);
	ids->slots[gap].id = 0;
	ids->used--;
	/* Those behind the gap go where they are found again. */
	for (uint32_t i = (gap + 1) & (ids->size - 1); ids->slots[i].id != 0; i = (i + 1) & (ids->size - 1)) {
		struct linux_id moved = ids->slots[i];
		ids->slots[i].id = 0;
		ids->slots[slot_of(ids, moved.id)] = moved;
	}
}

void
pico_linux_ids_free(struct linux_ids *ids)
{
	free(ids->slots);
}
