/*
 * A signal for one LWP of several.
 *
 * usage: lwp_signals handled		to one that does not mask it, as nobody does
 *        lwp_signals masked_by_others	to the process, of whose LWPs one does not mask it
 */
#ifdef __NetBSD__
#include <lwp.h>
#endif

#include "../../live/tracees/portable/tracee.h"

static _Atomic int handled_by, count;
static pthread_barrier_t ready;

static int
own_id(void)
{
#ifdef __NetBSD__
	return (int)_lwp_self();
#else
	return (int)gettid();
#endif
}

static void
handler(int signo)
{
	(void)signo;
	atomic_store(&handled_by, own_id());
	atomic_fetch_add(&count, 1);
}

static void
mask(int how)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	WANT(pthread_sigmask(how, &set, NULL) == 0);
}

static void *
wait_for_it(void *unmasks)
{
	if (unmasks != NULL)
		mask(SIG_UNBLOCK);
	(void)pthread_barrier_wait(&ready);
	while (atomic_load(&count) == 0)
		(void)sched_yield();
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[3];

	bounded();
	WANT(argc == 2);
	int to_one = is(argv[1], "handled");
	on(SIGUSR1, handler, 0);
	if (!to_one)
		mask(SIG_BLOCK);
	WANT(pthread_barrier_init(&ready, NULL, 4) == 0);
	for (int i = 0; i < 3; i++)
		threads[i] = start(wait_for_it, to_one || i == 1 ? threads : NULL);
	(void)pthread_barrier_wait(&ready);
	WANT((to_one ? pthread_kill(threads[1], SIGUSR1) : kill(getpid(), SIGUSR1)) == 0);
	for (int i = 0; i < 3; i++)
		(void)pthread_join(threads[i], NULL);
	say("handled %d %d", atomic_load(&handled_by), atomic_load(&count));
	return 0;
}
