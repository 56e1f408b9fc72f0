/*
 * namespaces CASE: processes and LWPs in a pid namespace of their own (for root). Each says its id as those
 * outside know it, and its pid in there.
 *   all:    its first process makes others by fork and vfork, one more namespace, an orphan, and an LWP that
 *           calls execve;
 *   killed: its first process is killed, and so all in it are.
 */
#include "tracee.h"

static char *self;

/* /proc is of the namespace outside. */
static void
say_ids(const char *word)
{
	char text[64];
	ssize_t n = readlink("/proc/thread-self", text, sizeof(text) - 1);

	WANT(n > 0);
	text[n] = '\0';		/* PID/task/LWP */
	say("%s %d %d", word, atoi(strrchr(text, '/') + 1), (int)getpid());
}

static void
leave(int status)
{
	(void)syscall(SYS_exit_group, status);
}

static void
check_end(pid_t child, int status)
{
	WANT(end_of(child) == status << 8);
}

static void
further_namespace(void)
{
	WANT(unshare(CLONE_NEWPID) == 0);
	pid_t child = fork();
	if (child == 0) {
		say_ids("inmost");
		leave(7);
	}
	check_end(child, 7);
	say_ids("further");
	leave(6);
}

static void
orphan(int tell)
{
	pid_t parent = getpid();

	if (fork() == 0) {
		while (getppid() == parent)
			(void)sched_yield();
		WANT(getppid() == 1);
		say_ids("orphan");
		WANT(write(tell, "", 1) == 1);
		leave(9);
	}
	say_ids("middle");
	leave(8);
}

static void *
execs(void *arg)
{
	char *const argv[] = { self, NULL };

	say_ids("lwp");
	(void)execve(self, argv, environ);
	return arg;
}

static void
first(void)
{
	int told[2];
	char c;

	say_ids("first");
	pid_t child = fork();
	if (child == 0) {
		say_ids("fork");
		leave(5);
	}
	check_end(child, 5);
	child = vfork();
	if (child == 0) {
		say_ids("vfork");
		leave(4);
	}
	check_end(child, 4);
	child = fork();
	if (child == 0)
		further_namespace();
	check_end(child, 6);
	WANT(pipe(told) == 0);
	child = fork();
	if (child == 0)
		orphan(told[1]);
	check_end(child, 8);
	WANT(read(told[0], &c, 1) == 1 && wait(NULL) > 0);
	(void)start(execs, NULL);
	for (;;)
		(void)syscall(SYS_pause);
}

static void
several(int tell)
{
	for (int i = 0; i < 3; i++)
		(void)fork();
	say_ids("doomed");
	WANT(write(tell, "", 1) == 1);
	for (;;)
		(void)syscall(SYS_pause);
}

int
main(int argc, char **argv)
{
	int told[2];
	char c;

	self = argv[0];
	if (argc == 1) {
		say_ids("new");
		leave(17);
	}
	bounded();
	WANT(unshare(CLONE_NEWPID) == 0 && pipe(told) == 0);
	pid_t child = fork();
	if (child == 0 && strcmp(argv[1], "all") == 0)
		first();
	else if (child == 0)
		several(told[1]);
	if (strcmp(argv[1], "killed") == 0) {
		for (int i = 0; i < 8; i++)
			WANT(read(told[0], &c, 1) == 1);
		WANT(kill(child, SIGKILL) == 0);
	}
	say("child %d %d", (int)child, end_of(child));
	return 0;
}
