/*
 * Attaching to a process that runs: every LWP of it, also those that are made meanwhile.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <time.h>
#include <unistd.h>

#include "linux_kernel.h"

enum { EXEC_PATIENCE_MS = 5000 };

static int
is_ours(int32_t lwp)
{
	int64_t tracer;
	return pico_linux_status_field(lwp, "TracerPid", &tracer) == 0 && tracer == getpid();
}

/* EAGAIN, and the restart codes that may show in its place, mean that an execve or a core dump in
 * that process holds the lock that ptrace needs: soon over. */
static int
seize(int32_t lwp, unsigned long options)
{
	const struct timespec ms = { 0, 1000000 };

	for (int tries = 0; ptrace(PTRACE_SEIZE, lwp, NULL, options) < 0; tries++) {
		if ((errno != EAGAIN && errno != EINTR) || tries == EXEC_PATIENCE_MS)
			return -errno;
		(void)nanosleep(&ms, NULL);
	}
	return 0;
}

/* 1: attached; 0: nothing to attach to here (ours already, ended, about to end); else -errno. */
static int
attach_one(int32_t lwp, unsigned long options)
{
	int e = seize(lwp, options);

	if (e == -ESRCH)
		return 0;
	if (e == -EPERM && (is_ours(lwp) || pico_linux_is_zombie(lwp)))
		return 0;
	if (e < 0)
		return e;
	/* ESRCH: it was killed since. Its end is ours to report all the same. */
	(void)ptrace(PTRACE_INTERRUPT, lwp, NULL, NULL);
	return 1;
}

int
pico_linux_attach(struct pico_kernel *kernel, int32_t pid, int report, int32_t *lwps, int max)
{
	char path[32];
	unsigned long options = pico_linux_options(report, 0);
	int found = 0, n = 0, failure = 0;
	int64_t process;

	(void)kernel;
	if (pid == getpid())
		return -EPERM;	/* ptrace refuses a thread of its own process; say so before any is tried */
	/* An LWP's id leads to its process's folder, but is not the name of a process. */
	if (pico_linux_status_field(pid, "Tgid", &process) == 0 && process != pid)
		return -EINVAL;
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	if (tasks == NULL)
		return errno == ENOENT ? -ESRCH : -errno;
	for (struct dirent *entry; n < max && (entry = readdir(tasks)) != NULL;) {
		int32_t lwp = (int32_t)strtol(entry->d_name, NULL, 10);
		if (lwp == 0)
			continue;
		found++;
		int e = attach_one(lwp, options);
		if (e > 0)
			lwps[n++] = lwp;
		else if (e < 0)
			failure = e;
	}
	(void)closedir(tasks);
	if (n > 0)
		return n;
	/* Each is ours, or gone, or refused: a process of which not one could be had has no LWP of ours. */
	return failure < 0 ? failure : found == 0 ? -ESRCH : 0;
}
