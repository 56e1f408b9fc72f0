/*
 * A child, made and ended in each way that all systems have.
 *
 * usage: families HOW END	HOW: fork, vfork, clone, posix_spawn; END: exit, exec, noexec, kill
 *        families many N	N children at once, that end with 0, 1, 2, ...
 *        families grandchild	a child's child, which its parent does not wait for
 *        families spawn-fails	posix_spawn(3) of a program that is not there
 *        families new		what END exec runs
 */
#include <sched.h>
#include <spawn.h>

#include "tracee.h"

extern char **environ;

static const char *self;

__attribute__((noreturn)) static void
come_to(const char *end)
{
	char *argv[] = { (char *)(uintptr_t)self, (char *)(uintptr_t)"new", NULL };
	char *nowhere[] = { (char *)(uintptr_t)"/nonexistent/program", NULL };

	if (is(end, "exec"))
		(void)execve(self, argv, environ);
	if (is(end, "noexec"))
		_exit(execve(nowhere[0], nowhere, environ) < 0 && errno == ENOENT ? 18 : 99);
	if (is(end, "kill"))
		(void)kill(getpid(), SIGKILL);
	_exit(17);
}

static int
cloned(void *end)
{
	come_to(end);
}

static pid_t
child_by(const char *how, char *end)
{
	static _Alignas(16) char stack[65536];
	char *argv[] = { (char *)(uintptr_t)self, (char *)(uintptr_t)"new", NULL };
	pid_t pid;

	if (is(how, "fork")) {
		pid = fork();
	} else if (is(how, "vfork")) {
		pid = vfork();
	} else if (is(how, "clone")) {
		pid = clone(cloned, stack + sizeof(stack), SIGCHLD, end);
		WANT(pid > 0);
	} else {
		WANT(is(how, "posix_spawn"));
		WANT(posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0);
	}
	if (pid == 0)
		come_to(end);
	return pid;
}

static void
many(int n)
{
	pid_t pids[64];

	WANT(n <= 64);
	for (int i = 0; i < n; i++)
		if ((pids[i] = fork()) == 0)
			_exit(i);
	for (int i = 0; i < n; i++)
		say("child %d %d %d", (int)getpid(), (int)pids[i], end_of(pids[i]));
}

static void
grandchild(void)
{
	int fds[2];
	char byte;

	WANT(pipe(fds) == 0);
	pid_t child = fork();
	if (child == 0) {
		pid_t its = fork();
		if (its != 0) {
			say("grandchild %d %d", (int)getpid(), (int)its);
			_exit(1);
		}
		_exit(2);
	}
	(void)close(fds[1]);
	say("child %d %d %d", (int)getpid(), (int)child, end_of(child));
	WANT(read(fds[0], &byte, 1) == 0);	/* until the last of them is gone */
}

static int
spawn_fails(void)
{
	char *argv[] = { (char *)(uintptr_t)"/nonexistent/program", NULL };
	pid_t pid;

	say("spawn %d", posix_spawn(&pid, argv[0], NULL, NULL, argv, environ));
	return 3;
}

int
main(int argc, char **argv)
{
	self = argv[0];
	bounded();
	WANT(argc >= 2);
	if (is(argv[1], "new")) {
		say("new %d %d", (int)getpid(), (int)getppid());
		return 17;
	}
	if (is(argv[1], "spawn-fails"))
		return spawn_fails();
	if (is(argv[1], "grandchild")) {
		grandchild();
		return 0;
	}
	WANT(argc == 3);
	if (is(argv[1], "many")) {
		many(atoi(argv[2]));
		return 0;
	}
	pid_t child = child_by(argv[1], argv[2]);
	say("child %d %d %d", (int)getpid(), (int)child, end_of(child));
	return 0;
}
