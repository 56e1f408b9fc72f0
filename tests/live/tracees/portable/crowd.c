/*
 * crowd ROUNDS: three LWPs that sleep, spin and make calls, each counting what it does, while the first sends its
 * process SIGUSR1 that often. In the end, what they have counted.
 */
#include "tracee.h"

enum { SLEEPS, SPINS, CALLS, KINDS };

static atomic_ulong counts[KINDS];
static atomic_int ready, over;
static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	(void)signo;
	caught++;
}

static void *
some(void *arg)
{
	const struct timespec moment = { 0, 1000000 };
	intptr_t kind = (intptr_t)arg;
	sigset_t usr1;

	(void)sigemptyset(&usr1);
	(void)sigaddset(&usr1, SIGUSR1);
	WANT(pthread_sigmask(SIG_BLOCK, &usr1, NULL) == 0);
	ready++;
	for (; !over; counts[kind]++)
		if (kind == SLEEPS)
			(void)nanosleep(&moment, NULL);
		else if (kind == CALLS)
			(void)getppid();
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[KINDS];

	WANT(argc == 2);
	bounded();
	on(SIGUSR1, on_signal, 0);
	say("counts %lu", (unsigned long)(uintptr_t)counts);
	for (intptr_t i = 0; i < KINDS; i++)
		threads[i] = start(some, (void *)i);
	while (ready < KINDS)
		(void)sched_yield();
	for (int i = 0; i < atoi(argv[1]); i++)
		WANT(kill(getpid(), SIGUSR1) == 0);
	over = 1;
	for (int i = 0; i < KINDS; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
	say("caught %d", (int)caught);
	return 0;
}
