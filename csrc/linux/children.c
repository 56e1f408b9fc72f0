/*
 * The children of a process: of each of its LWPs, for a child belongs to the LWP that made it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* Of all processes those whose parent it is. */
static int
children_among_all(int32_t pid, int32_t *pids, int max)
{
	int64_t parent;
	int found = 0;

	DIR *all = opendir("/proc");
	if (all == NULL)
		return -errno;
	for (struct dirent *entry; (entry = readdir(all)) != NULL;) {
		int32_t id = (int32_t)strtol(entry->d_name, NULL, 10);
		if (id <= 0 || pico_linux_status_field(id, "PPid", &parent) < 0 || parent != pid)
			continue;
		if (found < max)
			pids[found] = id;
		found++;
	}
	(void)closedir(all);
	return found;
}

int
pico_linux_children(struct pico_kernel *k, int32_t pid, int32_t *pids, int max)
{
	char path[32];
	int found = 0;

	(void)k;
	/* A kernel need not tell so (CONFIG_PROC_CHILDREN). */
	if (access("/proc/thread-self/children", F_OK) < 0)
		return children_among_all(pid, pids, max);
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
