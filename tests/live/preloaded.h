/*
 * What libraries that are loaded before all others into a tracer (LD_PRELOAD) share. _GNU_SOURCE comes before it.
 */
#ifndef PRELOADED_H
#define PRELOADED_H

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* The function of that name that comes after ours. */
static void
find(void *function, const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	memcpy(function, &found, sizeof(found));
}

#endif
