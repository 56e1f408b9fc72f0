/*
 * Attaching to a process that runs: every LWP of it, also those that are made meanwhile.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "linux_kernel.h"

/* How long an execve may take, in turns of TURN_NS. */
enum { EXEC_TURNS = 500, TURN_NS = 10000000 };

enum { NOTHING = 0, ATTACHED = 1, GONE = 2 };

static int
is_ours(int32_t lwp)
{
	int64_t tracer;
	/* The tracer is a thread, and TracerPid its id (the kernel's task_state, fs/proc/array.c). */
	return pico_linux_status_field(lwp, "TracerPid", &tracer) == 0 && tracer == gettid();
}

int
pico_linux_is_there(int32_t pid, int32_t lwp)
{
	return syscall(SYS_tgkill, pid, lwp, 0) == 0 || errno != ESRCH;
}

/* -EAGAIN: not for now. */
static int
try_to_seize(int32_t lwp, unsigned long options)
{
	sigjmp_buf back;

	if (sigsetjmp(back, 1) != 0)
		return is_ours(lwp) ? 0 : -EAGAIN;	/* the tick may have come just after the call */
	pico_linux_tick_escape(&back);
	int e = ptrace(PTRACE_SEIZE, lwp, NULL, options) < 0 ? -errno : 0;
	pico_linux_tick_escape(NULL);
	return e == -EINTR ? -EAGAIN : e;
}

/*
 * An execve in that process holds a lock that ptrace needs (cred_guard_mutex in the kernel's
 * ptrace_attach), until all the other LWPs are gone; those that we have attached to are gone when we
 * have waited for their end. And ptrace sleeps on that lock for ever: a signal is handled and it
 * sleeps on. So it is left by a jump from the tick's handler, for ends to be waited for, and tried
 * again.
 */
static int
seize(struct linux_kernel *k, int32_t pid, int32_t lwp, unsigned long options)
{
	int e = -EAGAIN;

	for (int turns = 0; e == -EAGAIN && turns < EXEC_TURNS; turns++) {
		e = try_to_seize(lwp, options);
		if (e == -EAGAIN)
			pico_linux_wait_early(k, pid);
	}
	return e;
}

/* ATTACHED; NOTHING to attach to here (ours already, ended); GONE meanwhile; else -errno. */
static int
attach_one(struct linux_kernel *k, int32_t pid, int32_t *lwp, unsigned long options)
{
	if (is_ours(*lwp))
		return NOTHING;
	int e = seize(k, pid, *lwp, options);
	if (e == -ESRCH || (e == -EPERM && !pico_linux_is_there(pid, *lwp)))
		return GONE;
	if (e == -EPERM && pico_linux_is_zombie(*lwp))
		return NOTHING;
	/* Or it was one, the first LWP, and an execve has given its id to another since. */
	if (e == -EPERM && *lwp == pid)
		e = seize(k, pid, *lwp, options);
	if (e < 0)
		return e;
	if (ptrace(PTRACE_INTERRUPT, *lwp, NULL, NULL) < 0 && !pico_linux_is_there(pid, *lwp)) {
		/* It was in an execve, which gave it the id of its process. (One that was killed is there
		 * until its end has been waited for, and that is ours to report.) */
		*lwp = pid;
		(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);	/* ESRCH: killed */
	}
	return ATTACHED;
}

struct look {
	int found, attached, gone, failure;
	int32_t refused;	/* which LWP failed */
};

static int
look_once(struct linux_kernel *k, int32_t pid, unsigned long options, int32_t *lwps, int max,
    struct look *look)
{
	char path[32];

	memset(look, 0, sizeof(*look));
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	if (tasks == NULL)
		return errno == ENOENT ? -ESRCH : -errno;
	for (struct dirent *entry; look->attached < max && (entry = readdir(tasks)) != NULL;) {
		int32_t lwp = (int32_t)strtol(entry->d_name, NULL, 10);
		if (lwp == 0)
			continue;
		look->found++;
		int e = attach_one(k, pid, &lwp, options);
		if (e == ATTACHED)
			pico_linux_own(k, lwps[look->attached++] = lwp);
		else if (e == GONE)
			look->gone++;
		else if (e < 0) {
			look->failure = e;
			look->refused = lwp;
		}
	}
	(void)closedir(tasks);
	return 0;
}

int
pico_linux_attach(struct pico_kernel *kernel, int32_t pid, int report, int32_t *lwps, int max)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	struct itimerspec tick;
	struct look look = { 0 };
	int64_t process;
	int e, turns = 0;

	if (pid == getpid())
		return -EPERM;	/* ptrace refuses a thread of its own process; say so before any is tried */
	/* An LWP's id leads to its process's folder, but is not the name of a process. */
	if (pico_linux_status_field(pid, "Tgid", &process) == 0 && process != pid)
		return -EINVAL;
	e = pico_linux_host_child_add(k, pid);
	if (e < 0)
		return e;
	unsigned long options = pico_linux_options(report | (e > 0 ? PICO_REPORT_EXITING : 0), 0);
	pico_linux_tick_lend(k, TURN_NS, &tick);
	/* One that was gone may have got another id by an execve: look again. */
	do
		e = look_once(k, pid, options, lwps, max, &look);
	while (e == 0 && look.attached == 0 && look.gone > 0 && ++turns < EXEC_TURNS);
	pico_linux_tick_return(k, &tick);
	k->refused = look.refused;
	if (e == 0)
		e = look.attached > 0 ? look.attached : look.failure < 0 ? look.failure : look.found == 0 ? -ESRCH : 0;
	if (e < 0 && !pico_linux_owns(k, pid))
		pico_linux_host_child_detached(k, pid);
	return e;
}
