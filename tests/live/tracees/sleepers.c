/*
 * sleepers: LWPs asleep in read, poll, nanosleep, futex and pause, until a byte or the end comes on
 * standard input. Then each says how its call has ended: attaching and detaching must not have ended it.
 */
#include "tracee.h"

static int ends[2];
static _Atomic int word = 1, ready;

static void *
in_read(void *arg)
{
	char c;

	ready++;
	ssize_t n = read(ends[0], &c, 1);
	say("read %zd %d", n, n < 0 ? errno : 0);
	return arg;
}

static void *
in_poll(void *arg)
{
	struct pollfd wait = { .fd = ends[0], .events = POLLHUP };

	ready++;
	int n = poll(&wait, 1, -1);
	say("poll %d %d", n, n < 0 ? errno : 0);
	return arg;
}

static void *
in_nanosleep(void *arg)
{
	struct timespec time = { 1000, 0 };

	/* This one is not woken: it is to sleep until the end. */
	ready++;
	int e = clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
	say("nanosleep %d", e);
	return arg;
}

static void *
in_futex(void *arg)
{
	ready++;
	long n = syscall(SYS_futex, &word, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0);
	say("futex %ld %d", n, n < 0 ? errno : 0);
	return arg;
}

static void *
in_pause(void *arg)
{
	ready++;
	(void)pause();
	say("pause %d", errno);
	return arg;
}

int
main(void)
{
	char c;

	bounded();
	WANT(pipe(ends) == 0);
	pthread_t threads[3] = { start(in_read, NULL), start(in_poll, NULL), start(in_futex, NULL) };
	(void)start(in_nanosleep, NULL);
	(void)start(in_pause, NULL);
	while (ready < 5)
		(void)sched_yield();
	say("ready %d", (int)getpid());
	ssize_t n = read(0, &c, 1);
	say("go %zd", n);
	WANT(write(ends[1], "", 1) == 1);
	WANT(pthread_join(threads[0], NULL) == 0);
	WANT(close(ends[1]) == 0 && pthread_join(threads[1], NULL) == 0);
	while (syscall(SYS_futex, &word, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0) == 0)
		(void)sched_yield();
	WANT(pthread_join(threads[2], NULL) == 0);
	say("done %d", (int)getpid());
	return 6;
}
