/*
 * watched FILE CASE LWPS: LWPs at work until the test says so, for a tracer that comes in the middle. What each case
 * does stands at its function.
 */
#include "truth.h"

enum { ROOM = 2000, EACH = 20000, MARKS = 3 };

static int lwps;

static int
goes_on(void)
{
	return !truth->go && mine->records < EACH - 8;
}

static void
waits_to_go(void)
{
	closes();
	while (!truth->go) {
		/* Whoever has no room for more goes on, too. */
		(void)tick();
		(void)usleep(1000);
	}
	opens_again();
}

/* Asleep in a call most of the time. */
static void
sleepy(void)
{
	const struct timespec time = { .tv_nsec = 300000 };

	while (goes_on()) {
		mark(1);
		(void)DO(SYS_nanosleep, (uintptr_t)&time);
	}
}

/* On a processor all the time. */
static void
busy(void)
{
	struct timespec now, then;

	while (goes_on()) {
		mark(1);
		(void)clock_gettime(CLOCK_MONOTONIC, &then);
		do
			(void)clock_gettime(CLOCK_MONOTONIC, &now);
		while (now.tv_sec == then.tv_sec && now.tv_nsec - then.tv_nsec < 50000);
	}
}

static void *
passes(void *account)
{
	opens(account);
	mark(MARKS);
	closes();
	return NULL;
}

/* LWPs come and go all the time. */
static void
storm(void)
{
	closes();
	while (!truth->go && truth->used < ROOM - 100)
		WANT(pthread_join(creates(passes), NULL) == 0);
	opens_again();
}

static int ends[2];

/* Asleep until the end. */
static void
waiting(void)
{
	char c;
	WANT(DO(SYS_read, (uint64_t)ends[0], (uintptr_t)&c, 1) == 1);
}

static void (*work)(void);

static void *
works(void *account)
{
	opens(account);
	truth->ready++;
	work();
	waits_to_go();
	mark(MARKS);
	closes();
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t others[64];

	WANT(argc == 4);
	bounded();
	work = strcmp(argv[2], "sleepy") == 0 ? sleepy : strcmp(argv[2], "busy") == 0 ? busy :
	    strcmp(argv[2], "storm") == 0 ? storm : waiting;
	WANT(pipe(ends) == 0);
	lwps = atoi(argv[3]);
	map_truth(argv[1], ROOM, EACH);
	opens(account(ROOT));
	closes();
	for (int i = 0; i < lwps; i++)
		others[i] = creates(works);
	while (!truth->go)
		(void)usleep(1000);
	for (int i = 0; i < lwps; i++)
		WANT(write(ends[1], "x", 1) == 1);
	for (int i = 0; i < lwps; i++)
		WANT(pthread_join(others[i], NULL) == 0);
	opens_again();
	mark(MARKS);
	exits(11);
}
