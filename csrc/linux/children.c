/*
 * The children of a process: of each of its LWPs, for a child belongs to the LWP that made it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "linux_kernel.h"

/* /proc/PID/task/LWP/children: numbers with a space after each. */
static int
children_of_lwp(int32_t pid, const char *lwp, int32_t *pids, int found, int max)
{
	char path[300];
	int child;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%s/children", (int)pid, lwp);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return errno == ENOENT ? found : -errno;	/* it has just ended: its children are another's now */
	while (fscanf(file, "%d", &child) == 1) {
		if (found < max)
			pids[found] = child;
		found++;
	}
	(void)fclose(file);
	return found;
}

int
pico_linux_children(struct pico_kernel *k, int32_t pid, int32_t *pids, int max)
{
	char path[32];
	int found = 0;

	(void)k;
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	if (tasks == NULL)
		return errno == ENOENT ? -ESRCH : -errno;
	for (struct dirent *entry; found >= 0 && (entry = readdir(tasks)) != NULL;)
		if (entry->d_name[0] != '.')
			found = children_of_lwp(pid, entry->d_name, pids, found, max);
	(void)closedir(tasks);
	return found;
}
