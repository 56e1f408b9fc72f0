/*
 * Starting a program, traced before its first instruction.
 *
 * The child waits on a pipe until it has been seized, and then calls execve: so the exec is the
 * first thing that is seen, and nothing of the child's own preparations is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../posix/child.h"
#include "linux_kernel.h"

/* In the child. */

static void
child_signals(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	if (pico_linux_tick_was_ignored())
		(void)sigaction(pico_linux_tick_signal(), &ignore, NULL);
}

/* struct linux_dirent64 (getdents64(2)): where its own size is, and its name. readdir(3) may not be used here: it
 * allocates memory, and another thread may have had that locked when this process was made. */
enum { DIRENT_SIZE = 16, DIRENT_NAME = 19 };

static void
close_listed(const char *entries, long size, int from)
{
	uint16_t length;

	for (long i = 0; i < size; i += length) {
		memcpy(&length, entries + i + DIRENT_SIZE, sizeof(length));
		int fd = 0;
		for (const char *digit = entries + i + DIRENT_NAME; *digit >= '0' && *digit <= '9'; digit++)
			fd = fd * 10 + (*digit - '0');
		if (fd >= from)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
}

/* For kernels that have no CLOSE_RANGE_CLOEXEC (before 5.11), and those who may not ask. */
static void
close_each(int from)
{
	char entries[2048];
	long size;

	int fds = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while ((size = syscall(SYS_getdents64, fds, entries, sizeof(entries))) > 0)
		close_listed(entries, size, from);
	(void)close(fds);
}

static void
child_close_from(int fd)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, fd, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */) == 0)
		return;
#endif
	close_each(fd);
}

struct before_exec {
	struct pico_pipe go;
	const struct linux_kernel *kernel;
};

static int
child_be_traced(const void *arg)
{
	const struct before_exec *before = arg;
	const struct pico_pipe *go = &before->go;
	ssize_t n;
	char c;

	(void)close(go->write);	/* so that the parent's end alone keeps it open */
	while ((n = read(go->read, &c, 1)) < 0 && errno == EINTR)
		continue;
	if (n != 1)
		_exit(127);	/* the tracer is gone, and nothing runs untraced that was to be traced */
	return before->kernel->filter != NULL ? pico_linux_filter_install(before->kernel) : 0;
}

/* In the parent. */

static pid_t
wait_for(pid_t pid, int *status)
{
	pid_t got;
	do
		got = wait4(pid, status, __WALL | __WNOTHREAD, NULL);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Nothing is left of a child that could not be had as it was to be. */
static int
end(pid_t pid, int error)
{
	int status;

	(void)kill(pid, SIGKILL);
	(void)wait_for(pid, &status);
	return error;
}

/* Let the seized child run to its exec, or its end. A signal on the way is passed on. */
static int
run_to_exec(const struct pico_launch *launch, pid_t pid, struct pico_pipe *errors, struct pico_raw *first)
{
	int status;

	while (wait_for(pid, &status) == pid) {
		first->id = pid;
		first->status = status;
		if (!WIFSTOPPED(status))	/* 0: killed before it came so far, and that is its whole story */
			return pico_child_error(launch, errors);
		if (status >> 16 == PTRACE_EVENT_EXEC)
			return 0;
		long signo = status >> 16 == 0 ? WSTOPSIG(status) : 0;
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)signo) < 0 && errno != ESRCH)	/* its end comes next */
			break;
	}
	return end(pid, -errno);
}

/* Of a child: that can be waited for. */
static int
has_ended(pid_t pid)
{
	siginfo_t si = { 0 };

	return waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT | __WALL | __WNOTHREAD) == 0 && si.si_pid == pid;
}

/* A tracer that has changed its user is not dumpable, nor is its child, until that executes something (prctl(2)). */
static void
refused(const struct pico_launch *launch, int e)
{
	if (launch->failed != NULL && (e == -EPERM || e == -ENOSYS))
		*launch->failed = prctl(PR_GET_DUMPABLE) == 1 ? PICO_LAUNCH_TRACE : PICO_LAUNCH_PROTECTED;
}

/* 0: it goes on, or has been killed by somebody; then that is its whole story. */
static int
seize(pid_t pid, unsigned long options, struct pico_pipe *go)
{
	int e = 0;

	/* Our end for reading is open still: were the child killed just now, the write would raise SIGPIPE without it. */
	if (ptrace(PTRACE_SEIZE, pid, NULL, options) < 0 || write(go->write, "", 1) != 1)
		e = -errno;
	pico_fd_close(&go->read);
	if (e < 0 && has_ended(pid))
		return 0;
	return e < 0 ? end(pid, e) : 0;
}

int
pico_linux_spawn(struct pico_kernel *kernel, const struct pico_launch *launch, int report,
    struct pico_raw *first)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	unsigned long options = pico_linux_options(report, 1) | (k->filter != NULL ? PTRACE_O_TRACESECCOMP : 0);
	struct before_exec before = { .kernel = k };
	struct pico_pipe errors = { -1, -1 };
	const struct pico_child_os os = {
		.signals = child_signals,
		.close_from = child_close_from,
		.be_traced = child_be_traced,
		.arg = &before,
		.unblocked = k->tick_was_blocked ? pico_linux_tick_signal() : 0,
	};
	pid_t pid;

	/* The child inherits where this thread may run, by whatever loop of it. */
	for (struct linux_kernel *each = pico_linux_first(); each != NULL; each = each->other)
		pico_linux_unpin(each);
	int e = pico_pipe_open(&before.go);
	if (e == 0)
		e = pico_pipe_open(&errors);
	if (e == 0)
		e = pico_child_fork(launch, &os, &errors, &pid);
	if (e == 0) {
		e = seize(pid, options, &before.go);
		/* It may have ended before that, because of what it could not do. */
		int why = e < 0 ? pico_child_error(launch, &errors) : 0;
		if (why == 0)
			refused(launch, e);
		e = why < 0 ? why : e;
	}
	if (e == 0)
		e = run_to_exec(launch, pid, &errors, first);
	if (e == 0)
		pico_linux_own(k, pid);
	pico_pipe_close(&before.go);
	pico_pipe_close(&errors);
	return e;
}
