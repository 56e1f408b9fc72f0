/*
 * vforks CASE: what a vfork child can do beyond the usual.
 *   nested: it calls vfork itself;   forks: it forks;   noexec: its exec fails, then it exits;
 *   killed: a third process kills it while its parent waits;
 *   alone: it kills its parent, which waits for it.
 */
#include "tracee.h"

static void
leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

static void
nested(void)
{
	volatile pid_t inner = 0;
	pid_t outer = vfork();

	if (outer == 0) {
		pid_t child = vfork();
		if (child == 0)
			leave(5);
		inner = child;
		leave(6);
	}
	say("inner %d", (int)inner);
	say("outer %d %d", (int)outer, end_of(outer));
}

static void
forks(void)
{
	volatile pid_t inner = 0;
	volatile int status = 0;
	pid_t outer = vfork();

	if (outer == 0) {
		pid_t child = (pid_t)syscall(SYS_fork);
		if (child == 0)
			leave(5);
		int s;
		WANT(waitpid(child, &s, 0) == child);
		inner = child;
		status = s;
		leave(6);
	}
	say("inner %d %d", (int)inner, status);
	say("outer %d %d", (int)outer, end_of(outer));
}

static void
noexec(char *self)
{
	volatile int error = 0;
	char *const argv[] = { self, NULL };
	pid_t outer = vfork();

	if (outer == 0) {
		(void)execve("/nonexistent/program", argv, environ);
		error = errno;
		leave(6);
	}
	say("error %d", error);
	say("outer %d %d", (int)outer, end_of(outer));
}

static void
killed(void)
{
	int fds[2];
	pid_t victim;

	WANT(pipe(fds) == 0);
	pid_t killer = fork();
	if (killer == 0) {
		WANT(read(fds[0], &victim, sizeof(victim)) == sizeof(victim));
		WANT(kill(victim, SIGKILL) == 0);
		leave(0);
	}
	pid_t outer = vfork();
	if (outer == 0) {
		pid_t me = (pid_t)syscall(SYS_getpid);
		WANT(write(fds[1], &me, sizeof(me)) == sizeof(me));
		for (;;)
			(void)syscall(SYS_pause);
	}
	say("killer %d %d", (int)killer, end_of(killer));
	say("outer %d %d", (int)outer, end_of(outer));
}

static void
alone(void)
{
	int fds[2];
	char c;

	WANT(pipe(fds) == 0);
	pid_t outer = fork();
	if (outer == 0) {
		if (vfork() == 0) {
			pid_t parent = (pid_t)syscall(SYS_getppid);
			(void)kill(parent, SIGKILL);
			while (syscall(SYS_getppid) == parent)
				(void)syscall(SYS_sched_yield);
			say("inner %d", (int)syscall(SYS_getpid));
			leave(6);
		}
	}
	say("outer %d %d", (int)outer, end_of(outer));
	/* We cannot wait for the other; but it holds the pipe open. */
	WANT(close(fds[1]) == 0 && read(fds[0], &c, 1) == 0);
}

int
main(int argc, char **argv)
{
	WANT(argc == 2);
	if (strcmp(argv[1], "nested") == 0)
		nested();
	else if (strcmp(argv[1], "forks") == 0)
		forks();
	else if (strcmp(argv[1], "noexec") == 0)
		noexec(argv[0]);
	else if (strcmp(argv[1], "killed") == 0)
		killed();
	else if (strcmp(argv[1], "alone") == 0)
		alone();
	else
		WANT(!"a case");
	return 0;
}
