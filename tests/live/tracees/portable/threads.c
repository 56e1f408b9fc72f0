/*
 * LWPs, as pthreads.
 *
 * usage: threads some N	N at once, each makes three calls and ends
 *        threads ask N		N at once, each asks ten times for its parent, and tells the sum
 *        threads leave N	the process exits (3) while N of them are in a call that does not return
 *        threads exec [N]	one that is not the first executes this program anew, while N more sleep in calls
 *        threads first N	the first does, while N others sleep in calls
 *        threads fail N	as exec, but there is no such program first: the error, and then the same
 *        threads kill N	the process kills itself while N of them are in such a call
 *        threads turns N	N of them make calls without end; the first makes some, computes, and waits for each
 *				of them to go on, without a call
 *        threads busy N	N of them make calls, N more sleep in one, without end
 *        threads new		what exec runs
 */
#include "tracee.h"

extern char **environ;

static const char *self;
static pthread_barrier_t all;
static atomic_int over;

static void *
some(void *arg)
{
	(void)pthread_barrier_wait(&all);
	for (int i = 0; i < 3; i++)
		(void)getppid();
	return arg;
}

static void *
asks(void *arg)
{
	long sum = 0;

	(void)pthread_barrier_wait(&all);
	for (int i = 0; i < 10; i++)
		sum += getppid();
	say("sum %ld", sum);
	return arg;
}

static void *
waits(void *arg)
{
	int fds[2];
	char byte;

	WANT(pipe(fds) == 0);
	WANT(read(fds[0], &byte, 1) == 1);	/* nobody writes */
	return arg;
}

static void *
asleep(void *arg)
{
	(void)pthread_barrier_wait(&all);
	return waits(arg);
}

static void *
busy(void *arg)
{
	atomic_ulong *calls = arg;

	while (!over) {
		(void)getppid();
		++*calls;
	}
	return arg;
}

/* The first LWP's part, while the others are busy. */
static void
have_turns(atomic_ulong *calls, int n)
{
	unsigned long before;

	for (int i = 0; i < 20; i++)
		(void)getppid();
	for (volatile int i = 0; i < 3000000; i++)
		continue;
	for (int i = 0; i < n; i++)
		for (before = calls[i]; calls[i] < before + 3;)
			continue;
}

/* In one of several calls. */
static void *
sleeps(void *arg)
{
	const struct timespec long_time = { .tv_sec = 100 };
	int i = ++*(atomic_int *)arg;

	if (i % 3 == 0)
		(void)pause();
	if (i % 3 == 1)
		(void)nanosleep(&long_time, NULL);
	return waits(arg);
}

static void
sleepers(int n)
{
	static atomic_int begun;

	for (int i = 0; i < n; i++)
		(void)start(sleeps, &begun);
	while (begun < n)
		continue;
	for (int i = 0; i < 20; i++)
		(void)sched_yield();
}

static void *
executes(void *arg)
{
	char *argv[] = { (char *)(uintptr_t)self, (char *)(uintptr_t)"new", NULL };

	if (arg != NULL) {
		WANT(execve(arg, argv, environ) < 0);
		say("error %d", errno);
	}
	(void)execve(self, argv, environ);
	WANT(0);
	return arg;
}

int
main(int argc, char **argv)
{
	static atomic_ulong calls[65];
	pthread_t threads[64];

	self = argv[0];
	bounded();
	WANT(argc >= 2);
	const char *how = argv[1];
	if (is(how, "new")) {
		say("new %d", (int)getpid());
		return 17;
	}
	int n = argc > 2 ? atoi(argv[2]) : is(how, "exec") ? 0 : 1;
	WANT(n >= 0 && n <= 64);
	if (is(how, "exec") || is(how, "first") || is(how, "fail")) {
		sleepers(n);
		say("exec %d", (int)getpid());
		char none[] = "/nonexistent";
		if (is(how, "first"))
			(void)executes(NULL);
		(void)pthread_join(start(executes, is(how, "fail") ? none : NULL), NULL);
		return 99;
	}
	if (is(how, "busy")) {
		for (int i = 0; i < n; i++)
			(void)start(busy, &calls[i]);
		for (int i = 0; i < n; i++)
			(void)start(waits, NULL);
		say("busy %d", (int)getpid());
		(void)busy(&calls[n]);
	}
	if (is(how, "turns")) {
		for (int i = 0; i < n; i++)
			threads[i] = start(busy, &calls[i]);
		have_turns(calls, n);
		over = 1;
		for (int i = 0; i < n; i++)
			(void)pthread_join(threads[i], NULL);
		say("turns %d", n);
		return 0;
	}
	WANT(pthread_barrier_init(&all, NULL, (unsigned)n + 1) == 0);
	for (int i = 0; i < n; i++)
		threads[i] = start(is(how, "some") ? some : is(how, "ask") ? asks : asleep, NULL);
	(void)pthread_barrier_wait(&all);
	if (is(how, "leave"))
		return 3;
	if (is(how, "kill"))
		(void)kill(getpid(), SIGKILL);
	for (int i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	say("made %d", n);
	return 0;
}
