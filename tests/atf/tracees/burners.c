/*
 * LWPs that use CPU time, each a share of its own, and stay to the end.
 *
 * usage: burners [-t] UNIT SHARE ...	the first LWP uses SHARE times UNIT milliseconds, and each further one its own;
 *				-t: with a profiling timer of its own
 */
#include <sys/time.h>

#include "../../live/tracees/portable/tracee.h"

static pthread_barrier_t over;
static long unit;

static void
burn(long milliseconds)
{
	struct timespec now;

	do
		WANT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
	while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < milliseconds);
}

static void *
share(void *milliseconds)
{
	burn((long)(intptr_t)milliseconds);
	/* An LWP that has ended gets no signals. */
	(void)pthread_barrier_wait(&over);
	return NULL;
}

static void
handler(int signo)
{
	(void)signo;
}

int
main(int argc, char **argv)
{
	pthread_t threads[16];
	struct itimerval timer = { { 0, 10000 }, { 0, 10000 } };
	int first = 1;

	bounded();
	if (argc > 1 && is(argv[1], "-t")) {
		on(SIGPROF, handler, SA_RESTART);
		WANT(setitimer(ITIMER_PROF, &timer, NULL) == 0);
		first = 2;
	}
	int n = argc - first - 1;
	WANT(n >= 1 && n <= 16);
	unit = atol(argv[first]);
	WANT(pthread_barrier_init(&over, NULL, (unsigned)n) == 0);
	for (int i = 1; i < n; i++)
		threads[i] = start(share, (void *)(intptr_t)(unit * atol(argv[first + 1 + i])));
	(void)share((void *)(intptr_t)(unit * atol(argv[first + 1])));
	for (int i = 1; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}
