/*
 * Several LWPs that compute, sleep, and wait, and signals for one of them: whether it is that one that gets each.
 *
 * usage: aimed sent N	each of four LWPs is sent SIGUSR1 N times
 *        aimed faults N	each faults N times
 *        aimed masked N	SIGUSR1 is sent to the process N times, and one LWP does not mask it
 */
#include <setjmp.h>

#include "tracee.h"

enum { LWPS = 4 };

static _Thread_local int mine = -1;
static _Thread_local sigjmp_buf back;
static atomic_int got[LWPS], wrong, over;
static pthread_barrier_t all;
static int faults, rounds;

static void
handler(int signo)
{
	if (mine < 0)
		wrong++;
	else
		got[mine]++;
	if (signo == SIGSEGV)
		siglongjmp(back, 1);
}

static void *
one(void *arg)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int i = (int)(intptr_t)arg;
	sigset_t usr1;

	(void)sigemptyset(&usr1);
	(void)sigaddset(&usr1, SIGUSR1);
	mine = i;
	WANT(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL) == 0);
	(void)pthread_barrier_wait(&all);
	for (int n = 0; faults && n < rounds; n++)
		if (sigsetjmp(back, 1) == 0)
			*(volatile int *)(uintptr_t)(64 + i) = n;
	while (!over)
		if (i % 2 != 0)
			(void)nanosleep(&moment, NULL);
	return NULL;
}

/* One that masks it all. */
static void *
other(void *arg)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	(void)pthread_barrier_wait(&all);
	while (!over)
		WANT(nanosleep(&moment, NULL) == 0);
	return arg;
}

static int
count(int i, int lwps)
{
	int sum = 0;

	for (int n = i; n < lwps; n++)
		sum += got[n];
	return sum + wrong;
}

int
main(int argc, char **argv)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	pthread_t threads[2 * LWPS];
	sigset_t usr1;

	bounded();
	WANT(argc == 3);
	rounds = atoi(argv[2]);
	faults = is(argv[1], "faults");
	int lwps = is(argv[1], "masked") ? 1 : LWPS;
	on(SIGUSR1, handler, SA_RESTART);
	on(SIGSEGV, handler, 0);
	(void)sigemptyset(&usr1);
	(void)sigaddset(&usr1, SIGUSR1);
	WANT(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
	WANT(pthread_barrier_init(&all, NULL, (unsigned)(lwps + LWPS + 1)) == 0);
	for (int i = 0; i < LWPS; i++)
		threads[lwps + i] = start(other, NULL);
	for (int i = 0; i < lwps; i++)
		threads[i] = start(one, (void *)(intptr_t)i);
	(void)pthread_barrier_wait(&all);
	for (int n = 1; n <= rounds && !faults; n++)
		for (int i = 0; i < lwps; i++) {
			WANT((lwps > 1 ? pthread_kill(threads[i], SIGUSR1) : kill(getpid(), SIGUSR1)) == 0);
			while (count(0, lwps) < (n - 1) * lwps + i + 1)
				WANT(nanosleep(&moment, NULL) == 0);
		}
	while (count(0, lwps) < rounds * lwps)
		(void)sched_yield();
	over = 1;
	for (int i = 0; i < lwps + LWPS; i++)
		(void)pthread_join(threads[i], NULL);
	say("aimed %d %d", count(0, lwps), (int)wrong);
	for (int i = 0; i < lwps; i++)
		say("got %d", (int)got[i]);
	return 0;
}
