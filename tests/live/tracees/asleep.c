/*
 * asleep END [CALLS]: a child with an LWP each that waits for ever in read, clock_nanosleep, futex, and for the
 * end of a child by vfork. It says which LWP is in which. When all of them are, three others make CALLS calls
 * each; then it ends in the way END:
 *   kill, term: its parent sends that signal, and it is itself in pause;
 *   group:      it calls exit_group;
 *   exec:       it calls execve.
 */
#include "tracee.h"

enum { SLEEPERS = 4, BUSY = 3 };

static atomic_int ready, vforked;
static _Atomic pid_t sleepers[SLEEPERS];
static int ends[2], calls;

static void
asleep_in(int which, const char *call)
{
	say("%s %d", call, (int)gettid());
	sleepers[which] = gettid();
	ready++;
}

static void *
in_read(void *arg)
{
	char c;

	asleep_in(0, "read");
	(void)!read(ends[0], &c, 1);
	return arg;
}

static void *
in_nanosleep(void *arg)
{
	const struct timespec long_time = { 1000, 0 };

	asleep_in(1, "clock_nanosleep");
	(void)syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &long_time, NULL);
	return arg;
}

static void *
in_futex(void *arg)
{
	int word = 1;

	asleep_in(2, "futex");
	(void)syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0);
	return arg;
}

static void *
in_vfork(void *arg)
{
	asleep_in(3, "vfork");
	if (vfork() == 0) {
		/* It ends with the LWP that has made it. */
		(void)syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		vforked = 1;
		for (;;)
			(void)syscall(SYS_pause);
	}
	return arg;
}

static void *
busy(void *arg)
{
	for (int i = 0; i < calls; i++)
		(void)syscall(SYS_getppid);
	return arg;
}

static void
until_all_sleep(void)
{
	while (ready < SLEEPERS || !vforked)
		(void)sched_yield();
	for (int i = 0; i < 3; i++)
		until_state(sleepers[i], 'S');
	until_state(sleepers[3], 'D');	/* so the kernel waits for a vfork child: killable, but not woken */
}

static void
work(void)
{
	pthread_t threads[BUSY];

	for (int i = 0; i < BUSY; i++)
		threads[i] = start(busy, NULL);
	for (int i = 0; i < BUSY; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
}

static void
child(char *self, const char *end, int tell)
{
	char *const argv[] = { self, NULL };

	(void)start(in_read, NULL);
	(void)start(in_nanosleep, NULL);
	(void)start(in_futex, NULL);
	(void)start(in_vfork, NULL);
	until_all_sleep();
	if (calls > 0)
		work();
	if (strcmp(end, "group") == 0)
		(void)syscall(SYS_exit_group, 17);
	if (strcmp(end, "exec") == 0)
		(void)syscall(SYS_execve, self, argv, environ);
	say("pause %d", (int)getpid());
	WANT(write(tell, "", 1) == 1);
	for (;;)
		(void)syscall(SYS_pause);
}

int
main(int argc, char **argv)
{
	int told[2];
	char c;

	if (argc == 1)
		_exit(17);
	bounded();
	calls = argc > 2 ? atoi(argv[2]) : 0;
	WANT(pipe(ends) == 0 && pipe(told) == 0);
	pid_t pid = fork();
	if (pid == 0)
		child(argv[0], argv[1], told[1]);
	WANT(close(told[1]) == 0);
	if (read(told[0], &c, 1) == 1) {
		until_state(pid, 'S');
		WANT(kill(pid, strcmp(argv[1], "kill") == 0 ? SIGKILL : SIGTERM) == 0);
	}
	say("child %d %d", (int)pid, end_of(pid));
	return 0;
}
