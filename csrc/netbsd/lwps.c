/*
 * Some LWPs of a process. They are few.
 */
#include <errno.h>
#include <stdlib.h>

#include "netbsd_kernel.h"

static uint32_t
find(const struct netbsd_lwps *set, int32_t lwp)
{
	uint32_t i = 0;

	while (i < set->count && set->ids[i] != lwp)
		i++;
	return i;
}

int
pico_netbsd_has_lwp(const struct netbsd_lwps *set, int32_t lwp)
{
	return find(set, lwp) < set->count;
}

int
pico_netbsd_put_lwp(struct netbsd_lwps *set, int32_t lwp)
{
	if (pico_netbsd_has_lwp(set, lwp))
		return 0;
	int32_t *more = realloc(set->ids, (set->count + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	set->ids = more;
	set->ids[set->count++] = lwp;
	return 0;
}

void
pico_netbsd_drop_lwp(struct netbsd_lwps *set, int32_t lwp)
{
	uint32_t i = find(set, lwp);

	if (i < set->count)
		set->ids[i] = set->ids[--set->count];
}

void
pico_netbsd_drop_lwps(struct netbsd_lwps *set)
{
	free(set->ids);
	*set = (struct netbsd_lwps){ 0 };
}
