/*
 * Waiting for tracees, where children of this very program are among them (host_children.c).
 *
 * One that is killed where it stands may come to the stop at its exit unseen: what was to resume it from the stop
 * that it was killed in resumes it from there, and it ends traced. A wait would then take its end away from
 * the program; so where there are such children, the wait looks first, and leaves that end to be taken.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "linux_kernel.h"

/* How long those that have not been waited for keep others of this thread from being waited for together. */
#define LOOK_NS 1000000

/* Ended while they were traced, and not waited for by the program yet. When it has done so, the id may be
 * another's: so when they were started belongs to it. */
static _Thread_local struct {
	struct left {
		int32_t id;
		int64_t started;
	} *all;
	uint32_t count, room;
} left;

static void
forget_those_waited_for(void)
{
	for (uint32_t i = left.count; i-- > 0;)
		if (pico_linux_started(left.all[i].id) != left.all[i].started)
			left.all[i] = left.all[--left.count];
	if (left.count == 0) {
		free(left.all);
		memset(&left, 0, sizeof(left));
	}
}

static int
is_left(int32_t id)
{
	for (uint32_t i = 0; i < left.count; i++)
		if (left.all[i].id == id)
			return pico_linux_started(id) == left.all[i].started;
	return 0;
}

static int
leave(int32_t id)
{
	if (left.count == left.room) {
		uint32_t room = left.room * 2 + 8;
		struct left *more = realloc(left.all, room * sizeof(*more));
		if (more == NULL)
			return 0;
		left.all = more;
		left.room = room;
	}
	left.all[left.count++] = (struct left){ id, pico_linux_started(id) };
	return 1;
}

/* One that is left would be found again and again by a wait for any: ask for each that we know of. */
static pid_t
wait_for_others(int *status, int flags)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };

	for (;;) {
		int there = 0;
		for (struct linux_kernel *k = pico_linux_first(); k != NULL; k = k->other)
			for (uint32_t i = 0; i < k->turns.count; i++) {
				pid_t got = pico_linux_wait_for(k->turns.all[i].id, status, WNOHANG);
				if (got > 0)
					return got;
				there |= got == 0;
			}
		if (flags & WNOHANG)
			return 0;
		errno = there ? EINTR : ECHILD;
		if (!there || pico_linux_ticked() || nanosleep(&pause, NULL) < 0)
			return -1;
	}
}

static pid_t
look_first(int32_t id, int *status, int flags)
{
	int looks = WEXITED | WSTOPPED | WNOWAIT | PICO_WAIT_OURS | flags;

	for (;;) {
		siginfo_t si = { 0 };
		if (waitid(id < 0 ? P_ALL : P_PID, id < 0 ? 0 : (id_t)id, &si, looks) < 0)
			return -1;
		if (si.si_pid == 0)
			return 0;
		if (si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED) {
			if (is_left(si.si_pid))
				return id < 0 ? wait_for_others(status, flags) : 0;
			if (pico_linux_is_host_child(si.si_pid) && leave(si.si_pid)) {
				*status = pico_linux_wait_status(&si);
				return si.si_pid;
			}
		}
		pid_t got = wait4(si.si_pid, status, PICO_WAIT_OURS | WNOHANG, NULL);
		/* Otherwise it was killed in its stop, or the program has waited for it, since: look again. */
		if (got > 0 || (got < 0 && errno != ECHILD))
			return got;
	}
}

pid_t
pico_linux_wait_for(int32_t id, int *status, int flags)
{
	if (id < 0 && left.count > 0)
		forget_those_waited_for();
	int careful = left.count > 0;
	for (struct linux_kernel *k = pico_linux_first(); k != NULL && !careful; k = k->other)
		careful = k->host_children_count > 0;
	return careful ? look_first(id, status, flags) : wait4(id, status, PICO_WAIT_OURS | flags, NULL);
}
