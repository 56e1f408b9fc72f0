/*
 * Starting a program, traced before its first instruction: the child asks to be traced, and the first stop
 * that counts is that of its execve.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../posix/child.h"
#include "abi.h"
#include "netbsd_kernel.h"

/* In the child. */

static void
child_close_from(int fd)
{
	int last = fcntl(0, F_MAXFD);

	for (; fd <= last; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0)
			(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
}

static int
child_be_traced(const void *arg)
{
	(void)arg;
	return ptrace(PT_TRACE_ME, 0, NULL, 0) < 0 ? -errno : 0;
}

/* In the parent. */

static int
is_exec(pid_t pid, int status)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];

	return WSTOPSIG(status) == SIGTRAP && pico_netbsd_siginfo(pid, siginfo) == 0 &&
	    pico_netbsd_is_trap(siginfo, TRAP_EXEC);
}

/* Nothing is left of a child that could not be had as it was to be. */
static int
end(pid_t pid, int error)
{
	int status;

	(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return error;
}

/* A signal on the way is passed on. */
static int
run_to_exec(const struct pico_launch *launch, pid_t pid, struct pico_pipe *errors, struct pico_raw *first)
{
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != pid)
			return end(pid, -errno);
		first->id = pid;
		first->status = status;
		if (!WIFSTOPPED(status))	/* 0: killed before it came so far, and that is its whole story */
			return pico_child_error(launch, errors);
		if (is_exec(pid, status))
			return 0;
		/* ESRCH: its end comes next */
		(void)ptrace(PT_CONTINUE, pid, (void *)1, pico_netbsd_to_pass(WSTOPSIG(status)));
	}
}

int
pico_netbsd_spawn(struct pico_kernel *kernel, const struct pico_launch *launch, int report,
    struct pico_raw *first)
{
	static const struct pico_child_os os = {
		.close_from = child_close_from, .be_traced = child_be_traced
	};
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct pico_pipe errors;
	pid_t pid;

	int e = pico_pipe_open(&errors);
	if (e < 0)
		return e;
	e = pico_child_fork(launch, &os, &errors, &pid);
	if (e == 0)
		e = run_to_exec(launch, pid, &errors, first);
	pico_pipe_close(&errors);
	if (e < 0 || !WIFSTOPPED(first->status))
		return e;
	struct netbsd_tracee *t = pico_netbsd_add(k, pid);
	if (t == NULL)
		return end(pid, -ENOMEM);
	t->stands = 1;
	k->report = report;
	(void)pico_netbsd_set_mask(k, t);	/* ESRCH: killed, and its end comes next */
	return 0;
}
