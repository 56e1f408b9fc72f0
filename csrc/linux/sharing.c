/*
 * Several loops in one thread. wait4 knows the tracees of a thread, not those of a loop: what one loop is
 * told of another's is kept for that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

#include "linux_kernel.h"

static _Thread_local struct linux_kernel *kernels;

/* A set of ids: open addressing, 0 is an empty slot. */

static uint32_t
slot_of(const struct linux_ids *ids, int32_t id)
{
	uint32_t i = (uint32_t)id * 2654435761u & (ids->size - 1);

	while (ids->slots[i] != 0 && ids->slots[i] != id)
		i = (i + 1) & (ids->size - 1);
	return i;
}

int
pico_linux_ids_have(const struct linux_ids *ids, int32_t id)
{
	return ids->size > 0 && ids->slots[slot_of(ids, id)] == id;
}

static int
grow(struct linux_ids *ids)
{
	struct linux_ids more = { .size = ids->size > 0 ? ids->size * 2 : 64, .used = ids->used };

	more.slots = calloc(more.size, sizeof(*more.slots));
	if (more.slots == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < ids->size; i++)
		if (ids->slots[i] != 0)
			more.slots[slot_of(&more, ids->slots[i])] = ids->slots[i];
	free(ids->slots);
	*ids = more;
	return 0;
}

int
pico_linux_ids_add(struct linux_ids *ids, int32_t id)
{
	if (pico_linux_ids_have(ids, id))
		return 0;
	if ((ids->used + 1) * 2 > ids->size && grow(ids) < 0)
		return -ENOMEM;
	ids->slots[slot_of(ids, id)] = id;
	ids->used++;
	return 0;
}

void
pico_linux_ids_free(struct linux_ids *ids)
{
	free(ids->slots);
}

void
pico_linux_own(struct linux_kernel *k, int32_t id)
{
	(void)pico_linux_ids_add(&k->own, id);	/* one that cannot be remembered is whoever's waits */
}

void
pico_linux_disown(struct linux_kernel *k, int32_t id)
{
	struct linux_ids *ids = &k->own;

	if (!pico_linux_ids_have(ids, id))
		return;
	uint32_t gap = slot_of(ids, id);
	ids->slots[gap] = 0;
	ids->used--;
	/* Those behind the gap go where they are found again. */
	for (uint32_t i = (gap + 1) & (ids->size - 1); ids->slots[i] != 0; i = (i + 1) & (ids->size - 1)) {
		int32_t moved = ids->slots[i];
		ids->slots[i] = 0;
		ids->slots[slot_of(ids, moved)] = moved;
	}
}

struct linux_kernel *
pico_linux_first(void)
{
	return kernels;
}

void
pico_linux_share(struct linux_kernel *k)
{
	k->other = kernels;
	kernels = k;
}

void
pico_linux_unshare(struct linux_kernel *k)
{
	for (struct linux_kernel **link = &kernels; *link != NULL; link = &(*link)->other)
		if (*link == k) {
			*link = k->other;
			break;
		}
	pico_linux_ids_free(&k->own);
}

static struct linux_kernel *
who_has(int32_t id)
{
	for (struct linux_kernel *k = kernels; k != NULL; k = k->other)
		if (pico_linux_ids_have(&k->own, id))
			return k;
	return NULL;
}

struct linux_kernel *
pico_linux_owner(struct linux_kernel *waiter, int32_t id)
{
	int32_t pid, parent;

	if (kernels == waiter && waiter->other == NULL)
		return waiter;
	struct linux_kernel *k = who_has(id);
	/* A new one belongs to who has its process, or its parent. */
	if (k == NULL && pico_linux_family(NULL, id, &pid, &parent) == 0 && (k = who_has(pid)) == NULL)
		k = who_has(parent);
	return k != NULL ? k : waiter;
}
