/*
 * Several loops in one thread. wait4 knows the tracees of a thread, not those of a loop: what one loop is
 * told of another's is kept for that.
 */
#define _GNU_SOURCE
#include <stddef.h>

#include "linux_kernel.h"

static _Thread_local struct linux_kernel *kernels;

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
}

static struct linux_kernel *
who_has(int32_t id)
{
	for (struct linux_kernel *k = kernels; k != NULL; k = k->other)
		if (pico_linux_owns(k, id))
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
