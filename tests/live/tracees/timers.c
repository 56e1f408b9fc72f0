/*
 * timers each LWPS COUNT: each LWP makes calls while a timer of its own sends it SIGPROF a thousand times a
 * second (SIGEV_THREAD_ID), until its handler has run COUNT times.
 * timers one LWPS COUNT: the same with one timer for the process, whose signal any LWP may get (ITIMER_PROF),
 * until the handler has run COUNT times in all.
 * It says how often the handler has run in each, and how many calls that has made.
 */
#include <sys/time.h>

#include "tracee.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid	/* glibc before 2.37 does not name it; timer_create(2) does */
#endif

enum { LWPS = 16, HZ = 1000 };

static struct lwp {
	pid_t id;
	volatile int caught, calls;
} lwps[LWPS];
static _Thread_local struct lwp *self;
static pthread_barrier_t all_there;
static atomic_int total;
static int of_each, count;

static void
on_prof(int signo)
{
	(void)signo;
	self->caught++;
	total++;
}

static timer_t
arm(void)
{
	const struct itimerspec often = { { 0, 1000000000 / HZ }, { 0, 1000000000 / HZ } };
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF };
	timer_t timer;

	event.sigev_notify_thread_id = self->id;
	WANT(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	WANT(timer_settime(timer, 0, &often, NULL) == 0);
	return timer;
}

static void
arm_for_all(suseconds_t us)
{
	const struct itimerval often = { { 0, us }, { 0, us } };
	WANT(setitimer(ITIMER_PROF, &often, NULL) == 0);
}

static void *
work(void *arg)
{
	pid_t parent = getppid();

	self = &lwps[(intptr_t)arg];
	self->id = gettid();
	(void)pthread_barrier_wait(&all_there);
	timer_t timer = of_each ? arm() : NULL;
	do {
		WANT(syscall(SYS_getppid) == parent);
		self->calls++;
		for (volatile int i = 0; i < 20000; i++)
			continue;
	} while ((of_each ? self->caught : total) < count);
	if (of_each)
		WANT(timer_delete(timer) == 0);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_prof, .sa_flags = SA_RESTART };
	pthread_t threads[LWPS];
	int n = atoi(argv[2]);

	WANT(argc == 4 && n < LWPS);
	bounded();
	of_each = strcmp(argv[1], "each") == 0;
	count = atoi(argv[3]);
	self = &lwps[0];
	self->id = gettid();
	WANT(pthread_barrier_init(&all_there, NULL, (unsigned)n + 1) == 0);
	WANT(sigaction(SIGPROF, &action, NULL) == 0);
	for (intptr_t i = 1; i <= n; i++)
		threads[i] = start(work, (void *)i);
	(void)pthread_barrier_wait(&all_there);
	if (!of_each)
		arm_for_all(1000000 / HZ);
	for (int i = 1; i <= n; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
	arm_for_all(0);
	/* One that is still on its way comes with the end of that call; after it, none. */
	for (int i = 0; i <= n; i++)
		say("lwp %d %d %d", (int)lwps[i].id, lwps[i].caught, lwps[i].calls);
	return 0;
}
