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
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"

/* What goes through the pipe of errors. */
struct failure {
	int step, error;
};

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
pico_child_error(const struct pico_launch *launch, struct pico_pipe *errors)
{
	struct failure f;

	pico_fd_close(&errors->write);
	if (read(errors->read, &f, sizeof(f)) != (ssize_t)sizeof(f))
		return 0;
	if (launch->failed != NULL)
		*launch->failed = f.step;
	return -f.error;
}

static void
child_fail(const struct pico_pipe *errors, int step, int error)
{
	struct failure f = { step, error };
	ssize_t ignored = write(errors->write, &f, sizeof(f));
	(void)ignored;	/* nobody is left to be told */
	_exit(127);
}

static void
child_set(const int32_t *signos, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };

	for (; signos != NULL && *signos != 0; signos++)
		(void)sigaction(*signos, &sa, NULL);
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
	child_set(launch->default_signals, SIG_DFL);
	child_set(launch->ignored_signals, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
}

/* A descriptor of what one of 0, 1 and 2 is to become, beyond these: a source may itself be one of them.
 * 0: there is none; or -errno. */
static int
child_source(int32_t given)
{
	int fd;

	if (given == PICO_STDIO_KEEP || given == PICO_STDIO_STDOUT)
		return 0;
	if (given == PICO_STDIO_NULL) {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		return fd < 0 ? -errno : out_of_the_way(fd);
	}
	fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static void
child_stdio(const struct pico_launch *launch, const struct pico_pipe *errors)
{
	int fds[3];

	for (int i = 0; i < 3; i++)
		if ((fds[i] = child_source(launch->stdio[i])) < 0)
			child_fail(errors, PICO_LAUNCH_FILES, -fds[i]);
	for (int i = 0; i < 3; i++) {
		int from = launch->stdio[i] == PICO_STDIO_STDOUT ? 1 : fds[i];
		if (from > 0 && dup2(from, i) < 0)
			child_fail(errors, PICO_LAUNCH_FILES, errno);
	}
}

static void
child_files(const struct pico_launch *launch, const struct pico_child_os *os, const struct pico_pipe *errors)
{
	child_stdio(launch, errors);
	if (launch->close_from >= 0)
		os->close_from(launch->close_from);
	for (const int32_t *fd = launch->pass_fds; fd != NULL && *fd >= 0; fd++)
		if (fcntl(*fd, F_SETFD, 0) < 0)
			child_fail(errors, PICO_LAUNCH_FILES, errno);
	if (launch->cwd != NULL && chdir(launch->cwd) < 0)
		child_fail(errors, PICO_LAUNCH_DIRECTORY, errno);
	if (launch->umask >= 0)
		(void)umask((mode_t)launch->umask);
}

static void
child_session(const struct pico_launch *launch, const struct pico_pipe *errors)
{
	if (launch->new_session && setsid() < 0)
		child_fail(errors, PICO_LAUNCH_GROUP, errno);
	if (launch->process_group >= 0 && setpgid(0, launch->process_group) < 0)
		child_fail(errors, PICO_LAUNCH_GROUP, errno);
}

/* Groups first and the user last: each needs the rights that the last step gives up. Done by one who has
 * them, setgid(2) and setuid(2) set the real, effective and saved ids. */
static void
child_user(const struct pico_launch *launch, const struct pico_pipe *errors)
{
	if (launch->ngroups >= 0 && setgroups((size_t)launch->ngroups, launch->groups) < 0)
		child_fail(errors, PICO_LAUNCH_USER, errno);
	if (launch->gid >= 0 && setgid((gid_t)launch->gid) < 0)
		child_fail(errors, PICO_LAUNCH_USER, errno);
	if (launch->uid >= 0 && setuid((uid_t)launch->uid) < 0)
		child_fail(errors, PICO_LAUNCH_USER, errno);
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
	child_fail(errors, PICO_LAUNCH_PROGRAM, refused && (errno == ENOENT || errno == ENOTDIR) ? EACCES : errno);
}

static void
child(const struct pico_launch *launch, const struct pico_child_os *os, const struct pico_pipe *errors,
    const sigset_t *mask)
{
	child_signals(launch, os, mask);
	child_files(launch, os, errors);
	child_session(launch, errors);
	int e = os->be_traced(os->arg);
	if (e < 0)
		child_fail(errors, e == -EPERM || e == -ENOSYS ? PICO_LAUNCH_TRACE : PICO_LAUNCH_PROGRAM, -e);
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
