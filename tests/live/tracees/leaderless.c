/*
 * leaderless END: the first LWP exits while a later one lives on, which then ends in the way END:
 *   exit, exit_group, kill, exec, crash; late: another LWP is made first, and that one exits;
 *   told: exit_group, when a SIGUSR1 has come.
 * leaderless END wait: it waits for the end of standard input before; leaderless END first: the first does;
 * leaderless END before: the first does, before it makes the later one.
 */
#include "tracee.h"

static const char *end;
static char *self;
static int waits;
static sigset_t told;

static void
wait_for_end_of_input(void)
{
	char c;

	say("ready %d", (int)getpid());
	while (read(0, &c, 1) == 1)
		continue;
}

static void *
last(void *arg)
{
	/* The status is that of whoever exits last. */
	until_state((pid_t)(intptr_t)arg, 0);
	say("last %d %d", (int)getpid(), (int)gettid());
	(void)syscall(SYS_exit, 5);
	return arg;
}

static void *
later(void *arg)
{
	char *const argv[] = { self, NULL };
	int signo;

	until_state(getpid(), 'Z');
	if (waits)
		wait_for_end_of_input();
	if (strcmp(end, "late") == 0) {
		(void)start(last, (void *)(intptr_t)gettid());
		(void)syscall(SYS_exit, 6);
	}
	if (strcmp(end, "told") == 0)
		WANT(sigwait(&told, &signo) == 0);
	say("last %d %d", (int)getpid(), (int)gettid());
	if (strcmp(end, "exit") == 0)
		(void)syscall(SYS_exit, 5);
	else if (strcmp(end, "exit_group") == 0 || strcmp(end, "told") == 0)
		(void)syscall(SYS_exit_group, 5);
	else if (strcmp(end, "kill") == 0)
		(void)kill(getpid(), SIGKILL);
	else if (strcmp(end, "crash") == 0)
		*(volatile int *)8 = 1;
	else
		(void)execve(self, argv, environ);
	return arg;
}

int
main(int argc, char **argv)
{
	bounded();
	if (argc == 1)
		return 7;
	self = argv[0];
	end = argv[1];
	waits = argc > 2 && strcmp(argv[2], "wait") == 0;
	WANT(sigaddset(&told, SIGUSR1) == 0 && pthread_sigmask(SIG_BLOCK, &told, NULL) == 0);
	int before = argc > 2 && strcmp(argv[2], "before") == 0;
	if (before)
		wait_for_end_of_input();
	(void)start(later, NULL);
	if (argc > 2 && !waits && !before)
		wait_for_end_of_input();
	/* Not pthread_exit, which makes calls of its own. */
	(void)syscall(SYS_exit, 9);
}
