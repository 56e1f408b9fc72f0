/*
 * Starting a program, traced before its first instruction.
 *
 * The child waits on a pipe until it has been seized, and then calls execve: so the exec is the
 * first thing that is seen, and nothing of the child's own preparations is. A second pipe brings back
 * the errno of an execve that failed; a successful one closes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux_kernel.h"

struct pipes {
	int go[2], err[2];
};

/* A pipe on descriptors that do not collide with the child's 0, 1 and 2. */
static int
high_pipe(int fds[2])
{
	int low[2];

	if (pipe2(low, O_CLOEXEC) < 0)
		return -errno;
	fds[0] = fcntl(low[0], F_DUPFD_CLOEXEC, 3);
	int e = fds[0] < 0 ? -errno : 0;
	fds[1] = fcntl(low[1], F_DUPFD_CLOEXEC, 3);
	if (e == 0 && fds[1] < 0)
		e = -errno;
	(void)close(low[0]);
	(void)close(low[1]);
	if (e < 0) {
		if (fds[0] >= 0)
			(void)close(fds[0]);
		if (fds[1] >= 0)
			(void)close(fds[1]);
		fds[0] = fds[1] = -1;
	}
	return e;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static void
close_pipes(struct pipes *p)
{
	close_fd(&p->go[0]);
	close_fd(&p->go[1]);
	close_fd(&p->err[0]);
	close_fd(&p->err[1]);
}

static int
open_pipes(struct pipes *p)
{
	*p = (struct pipes){ { -1, -1 }, { -1, -1 } };
	int e = high_pipe(p->go);
	if (e == 0)
		e = high_pipe(p->err);
	if (e < 0)
		close_pipes(p);
	return e;
}

/* Below: in the child, between fork and execve, where only async-signal-safe functions may be
 * called: the host may have had other threads, and their locks are held for ever here. */

static void
child_fail(const struct pipes *p, int error)
{
	ssize_t ignored = write(p->err[1], &error, sizeof(error));
	(void)ignored;	/* nobody is left to be told */
	_exit(127);
}

/* A handler of the host's must not run in the child: it would write to what both share. */
static void
child_signals(const struct pico_launch *launch, const sigset_t *mask)
{
	struct sigaction sa, now;

	sa = (struct sigaction){ .sa_handler = SIG_DFL };
	for (int signo = 1; signo < NSIG; signo++)
		if (sigaction(signo, NULL, &now) == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)
			(void)sigaction(signo, &sa, NULL);
	if (pico_linux_tick_was_ignored()) {
		now = (struct sigaction){ .sa_handler = SIG_IGN };
		(void)sigaction(pico_linux_tick_signal(), &now, NULL);
	}
	for (const int32_t *signo = launch->default_signals; signo != NULL && *signo != 0; signo++)
		(void)sigaction(*signo, &sa, NULL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
}

static void
child_files(const struct pico_launch *launch, struct pipes *p)
{
	int fds[3];

	/* Out of the way first: a source may itself be 0, 1 or 2. */
	for (int i = 0; i < 3; i++) {
		fds[i] = launch->stdio[i];
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3)) < 0)
			child_fail(p, errno);
	}
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && dup2(fds[i], i) < 0)
			child_fail(p, errno);
#ifdef SYS_close_range
	if (launch->close_from >= 0)
		(void)syscall(SYS_close_range, launch->close_from, ~0u, 1u << 2 /* CLOSE_RANGE_CLOEXEC */);
#endif
	if (launch->cwd != NULL && chdir(launch->cwd) < 0)
		child_fail(p, errno);
}

/* Groups first and the user last: each needs the rights that the last step gives up. */
static void
child_user(const struct pico_launch *launch, const struct pipes *p)
{
	if (launch->uid >= 0 && setgroups((size_t)launch->ngroups, launch->groups) < 0)
		child_fail(p, errno);
	if (launch->gid >= 0 && setresgid((gid_t)launch->gid, (gid_t)launch->gid, (gid_t)launch->gid) < 0)
		child_fail(p, errno);
	if (launch->uid >= 0 && setresuid((uid_t)launch->uid, (uid_t)launch->uid, (uid_t)launch->uid) < 0)
		child_fail(p, errno);
}

/* As execvp(3): the first that can be executed; a refusal on the way is told if none can. */
static void
child_exec(const struct pico_launch *launch, const struct pipes *p)
{
	int refused = 0;

	for (const char *const *path = launch->paths; *path != NULL; path++) {
		(void)execve(*path, (char *const *)launch->argv, (char *const *)launch->envp);
		if (errno == EACCES)
			refused = 1;
		else if (errno != ENOENT && errno != ENOTDIR)
			break;
	}
	child_fail(p, refused && (errno == ENOENT || errno == ENOTDIR) ? EACCES : errno);
}

static void
child(const struct pico_launch *launch, struct pipes *p, const sigset_t *mask)
{
	char go;

	(void)close(p->go[1]);	/* so that the parent's end alone keeps it open */
	child_signals(launch, mask);
	child_files(launch, p);
	ssize_t n;
	while ((n = read(p->go[0], &go, 1)) < 0 && errno == EINTR)
		continue;
	if (n != 1)
		_exit(127);	/* the tracer is gone, and nothing runs untraced that was to be traced */
	child_user(launch, p);
	child_exec(launch, p);
	_exit(127);
}

/* In the parent again. */

static pid_t
wait_for(pid_t pid, int *status)
{
	pid_t got;
	do
		got = wait4(pid, status, __WALL | __WNOTHREAD, NULL);
	while (got < 0 && errno == EINTR);
	return got;
}

/* Let the seized child run to its exec, or its end. A signal on the way is passed on. */
static int
run_to_exec(pid_t pid, struct pipes *p, struct pico_raw *first)
{
	int status, error;

	while (wait_for(pid, &status) == pid) {
		first->id = pid;
		first->status = status;
		if (!WIFSTOPPED(status)) {
			if (read(p->err[0], &error, sizeof(error)) == (ssize_t)sizeof(error))
				return -error;
			return 0;	/* killed before it came so far: that is its whole story */
		}
		if (status >> 16 == PTRACE_EVENT_EXEC)
			return 0;
		long signo = status >> 16 == 0 ? WSTOPSIG(status) : 0;
		(void)ptrace(PTRACE_CONT, pid, NULL, (void *)signo);	/* ESRCH: its end comes next */
	}
	return -errno;
}

static int
launch_child(const struct linux_kernel *k, const struct pico_launch *launch, struct pipes *p, pid_t *pid)
{
	sigset_t all, mask, child_mask;

	/* No handler of the host's may run in the child before it has put them away. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &mask);
	child_mask = mask;
	if (k->tick_was_blocked)
		sigaddset(&child_mask, pico_linux_tick_signal());
	*pid = fork();
	int e = *pid < 0 ? -errno : 0;
	if (*pid == 0)
		child(launch, p, &child_mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return e;
}

int
pico_linux_spawn(struct pico_kernel *kernel, const struct pico_launch *launch, int report,
    struct pico_raw *first)
{
	struct pipes p;
	pid_t pid;
	int status;

	int e = open_pipes(&p);
	if (e < 0)
		return e;
	e = launch_child((struct linux_kernel *)kernel, launch, &p, &pid);
	if (e == 0) {
		close_fd(&p.go[0]);
		close_fd(&p.err[1]);
		if (ptrace(PTRACE_SEIZE, pid, NULL, pico_linux_options(report, 1)) < 0) {
			e = -errno;
			(void)kill(pid, SIGKILL);
			(void)wait_for(pid, &status);
		} else if (write(p.go[1], "", 1) != 1) {
			e = -errno;
			(void)kill(pid, SIGKILL);
			(void)wait_for(pid, &status);
		} else {
			e = run_to_exec(pid, &p, first);
		}
	}
	close_pipes(&p);
	return e;
}
