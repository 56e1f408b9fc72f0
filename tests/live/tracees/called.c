/*
 * Calls in which the tracer has other calls made.
 *
 * called sleeps: nanosleep for a fifth of a second; says what it gave, and whether it took less.
 * called waits: calls that set a signal mask while they wait (sigsuspend, epoll_pwait, ppoll), each with a signal
 *               pending that is blocked but for that; says what each gave, and how often the handler ran.
 * called handles: SIGUSR1 a hundred times, each handled; says how often.
 * called stays: until its input ends; says so.
 * called replaced: its first LWP makes calls without end, while another executes true(1).
 * called overtaken: its first LWP makes calls without end, until there is input: then another executes true(1).
 * called grouped: gets 2,000 groups, which takes root, blocks a signal, and makes calls; says how many.
 * called segments: sets gs_base, makes a call, and says whether it is still what it was.
 */
#include <asm/prctl.h>
#include <grp.h>
#include <sys/epoll.h>

#include "tracee.h"

static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	(void)signo;
	caught++;
}

static void
sleeps(void)
{
	const struct timespec fifth = { 0, 200000000 };
	struct timespec before, after;

	WANT(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
	long result = syscall(SYS_nanosleep, &fifth, NULL);
	WANT(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
	long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	say("slept %ld %d", result, ms < 200);
}

static void
waits(void)
{
	const struct timespec long_time = { 60, 0 };
	struct epoll_event event;
	sigset_t none, usr1;
	int fd = epoll_create1(0);

	(void)sigemptyset(&none);
	(void)sigemptyset(&usr1);
	(void)sigaddset(&usr1, SIGUSR1);
	WANT(fd >= 0 && sigprocmask(SIG_BLOCK, &usr1, NULL) == 0);
	for (int i = 0; i < 3; i++) {
		WANT(raise(SIGUSR1) == 0);
		int result = i == 0 ? sigsuspend(&none) : i == 1 ? epoll_pwait(fd, &event, 1, 60000, &none)
								 : ppoll(NULL, 0, &long_time, &none);
		say("waited %d %d %d", result, errno == EINTR, (int)caught);
	}
}

static void *
executes(void *arg)
{
	(void)usleep(500);
	(void)execlp("true", "true", (char *)NULL);
	return arg;
}

static void
replaced(void)
{
	(void)start(executes, NULL);
	for (;;)
		(void)syscall(SYS_getppid);
}

static atomic_int there;

static void *
overtakes(void *arg)
{
	char c;

	there = 1;
	/* Until the first one has been seen to stand: before that the execve would kill it unseen. */
	WANT(read(0, &c, 1) == 1);
	(void)execlp("true", "true", (char *)NULL);
	return arg;
}

static void
overtaken(void)
{
	(void)start(overtakes, NULL);
	while (!there)
		;
	for (;;)
		(void)syscall(SYS_getppid);
}

static void
grouped(void)
{
	gid_t groups[2000];
	sigset_t usr2;

	for (unsigned i = 0; i < 2000; i++)
		groups[i] = 1000000000 + i;
	WANT(setgroups(2000, groups) == 0);
	WANT(sigemptyset(&usr2) == 0 && sigaddset(&usr2, SIGUSR2) == 0 && sigprocmask(SIG_BLOCK, &usr2, NULL) == 0);
	for (int i = 0; i < 10; i++)
		(void)syscall(SYS_getppid);
	say("calls %d", 10);
}

static void
segments(void)
{
	unsigned long base;

	WANT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x12345000ul) == 0);
	(void)syscall(SYS_getppid);
	WANT(syscall(SYS_arch_prctl, ARCH_GET_GS, &base) == 0);
	say("base %lx", base);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	char c;

	WANT(argc == 2);
	bounded();
	WANT(sigaction(SIGUSR1, &action, NULL) == 0);
	if (strcmp(argv[1], "sleeps") == 0) {
		sleeps();
	} else if (strcmp(argv[1], "waits") == 0) {
		waits();
	} else if (strcmp(argv[1], "replaced") == 0) {
		replaced();
	} else if (strcmp(argv[1], "overtaken") == 0) {
		overtaken();
	} else if (strcmp(argv[1], "grouped") == 0) {
		grouped();
	} else if (strcmp(argv[1], "segments") == 0) {
		segments();
	} else if (strcmp(argv[1], "handles") == 0) {
		for (int i = 0; i < 100; i++)
			WANT(kill(getpid(), SIGUSR1) == 0);
		say("caught %d", (int)caught);
	} else {
		say("here %d", (int)getpid());
		while (read(0, &c, 1) == 1)
			(void)syscall(SYS_getppid);
		say("done %d", (int)caught);
	}
	return 0;
}
