/*
 * What is attached to: until its input ends, and then it ends with 9. SIGUSR1 it tells of.
 *
 * usage: targets asleep|running|crowd|threads
 */
#include "tracee.h"

static atomic_int over;

static void
handler(int signo)
{
	(void)signo;
	say("got 1");
}

/* Seldom: NetBSD's kernel may take 10 ms for each stop of a process with several LWPs under way. */
static void *
work(void *arg)
{
	struct timespec moment = { .tv_nsec = 200000000 };

	while (!atomic_load(&over))
		(void)nanosleep(&moment, NULL);
	return arg;
}

static void *
run(void *arg)
{
	while (!atomic_load(&over))
		continue;
	return arg;
}

static void
until_input_ends(void)
{
	char byte;
	ssize_t n;

	do
		n = read(0, &byte, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	WANT(n == 0);
}

int
main(int argc, char **argv)
{
	pthread_t threads[4];
	int n = 0;

	bounded();
	WANT(argc == 2);
	on(SIGUSR1, handler, SA_RESTART);
	if (is(argv[1], "threads"))
		for (n = 0; n < 4; n++)
			threads[n] = start(work, NULL);
	if (is(argv[1], "running"))
		threads[n++] = start(run, NULL);
	if (is(argv[1], "crowd"))
		for (n = 0; n < 3; n++)
			threads[n] = start(run, NULL);
	say("ready %d", (int)getpid());
	until_input_ends();
	atomic_store(&over, 1);
	while (n > 0)
		(void)pthread_join(threads[--n], NULL);
	say("done 1");
	return 9;
}
