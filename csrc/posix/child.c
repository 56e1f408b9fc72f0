/*
 * Between fork and execve: what becomes of the child that a tracer starts, on every OS.
 *
 * A pipe brings back the errno of what failed; a successful execve closes it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <unistd.h>

#include "child.h"

static int
out_of_the_way(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	int e = high < 0 ? -errno : high;

	(void)close(fd);
	return e;
}

void
pico_fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

int
pico_pipe_open(struct pico_pipe *p)
{
	int fds[2];

	*p = (struct pico_pipe){ -1, -1 };
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	p->read = out_of_the_way(fds[0]);
	p->write = out_of_the_way(fds[1]);
	int e = p->read < 0 ? p->read : p->write < 0 ? p->write : 0;
	if (e < 0)
		pico_pipe_close(p);
	return e;
}

void
pico_pipe_close(struct pico_pipe *p)
{
	pico_fd_close(&p->read);
	pico_fd_close(&p->write);
}

int
pico_child_error(struct pico_pipe *errors)
{
	int error;

	pico_fd_close(&errors->write);
	return read(errors->read, &error, sizeof(error)) == (ssize_t)sizeof(error) ? -error : 0;
}

static void
child_fail(const struct pico_pipe *errors, int error)
{
	ssize_t ignored = write(errors->write, &error, sizeof(error));
	(void)ignored;	/* nobody is left to be told */
	_exit(127);
}

/* A handler of the host's must not run in the child: it would write to what both share. */
static void
child_signals(const struct pico_launch *launch, const struct pico_child_os *os, const sigset_t *mask)
{
	struct sigaction sa, now;

	sa = (struct sigaction){ .sa_handler = SIG_DFL };
	for (int signo = 1; signo < NSIG; signo++)
		if (sigaction(signo, NULL, &now) == 0 && now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN)
			(void)sigaction(signo, &sa, NULL);
	if (os->signals != NULL)
		os->signals();
	for (const int32_t *signo = launch->default_signals; signo != NULL && *signo != 0; signo++)
		(void)sigaction(*signo, &sa, NULL);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
}

static void
child_files(const struct pico_launch *launch, const struct pico_child_os *os, const struct pico_pipe *errors)
{
	int fds[3];

	/* Out of the way first: a source may itself be 0, 1 or 2. */
	for (int i = 0; i < 3; i++) {
		fds[i] = launch->stdio[i];
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3)) < 0)
			child_fail(errors, errno);
	}
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0 && dup2(fds[i], i) < 0)
			child_fail(errors, errno);
	if (launch->close_from >= 0)
		os->close_from(launch->close_from);
	if (launch->cwd != NULL && chdir(launch->cwd) < 0)
		child_fail(errors, errno);
}

/* Groups first and the user last: each needs the rights that the last step gives up. Done by one who has
 * them, setgid(2) and setuid(2) set the real, effective and saved ids. */
static void
child_user(const struct pico_launch *launch, const struct pico_pipe *errors)
{
	if (launch->uid >= 0 && setgroups((size_t)launch->ngroups, launch->groups) < 0)
		child_fail(errors, errno);
	if (launch->gid >= 0 && setgid((gid_t)launch->gid) < 0)
		child_fail(errors, errno);
	if (launch->uid >= 0 && setuid((uid_t)launch->uid) < 0)
		child_fail(errors, errno);
}

/* As execvp(3): the first that can be executed; a refusal on the way is told if none can. */
static void
child_exec(const struct pico_launch *launch, const struct pico_pipe *errors)
{
	int refused = 0;

	for (const char *const *path = launch->paths; *path != NULL; path++) {
		(void)execve(*path, (char *const *)launch->argv, (char *const *)launch->envp);
		if (errno == EACCES)
			refused = 1;
		else if (errno != ENOENT && errno != ENOTDIR)
			break;
	}
	child_fail(errors, refused && (errno == ENOENT || errno == ENOTDIR) ? EACCES : errno);
}

static void
child(const struct pico_launch *launch, const struct pico_child_os *os, const struct pico_pipe *errors,
    const sigset_t *mask)
{
	child_signals(launch, os, mask);
	child_files(launch, os, errors);
	int e = os->be_traced(os->arg);
	if (e < 0)
		child_fail(errors, -e);
	child_user(launch, errors);
	child_exec(launch, errors);
	_exit(127);
}

int
pico_child_fork(const struct pico_launch *launch, const struct pico_child_os *os, struct pico_pipe *errors,
    pid_t *pid)
{
	sigset_t all, mask, child_mask;

	/* No handler of the host's may run in the child before it has put them away. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &mask);
	child_mask = mask;
	if (os->unblocked != 0)
		(void)sigaddset(&child_mask, os->unblocked);
	*pid = fork();
	int e = *pid < 0 ? -errno : 0;
	if (*pid == 0)
		child(launch, os, errors, &child_mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return e;
}
