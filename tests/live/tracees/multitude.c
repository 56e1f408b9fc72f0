/*
 * multitude FILE CASE [COUNT]: LWPs, each of which makes its marks, and how they end. What each case does stands
 * at its function.
 */
#include "truth.h"

enum { ROOM = 1100, EACH = 600, MARKS = 3, MAKERS = 4 };

static char *program;
static int count;
static pthread_barrier_t all;
static atomic_int winners;

static void
until(atomic_uint *word, unsigned value)
{
	closes();
	while (*word < value)
		(void)sched_yield();
	opens_again();
}

static void *
works(void *account)
{
	opens(account);
	mark(MARKS);
	closes();
	return NULL;
}

/* Marks without an end, or as many as there is room for. */
static void
goes_on(void)
{
	while (mine->records < EACH - 4)
		mark(1);
	for (;;)
		(void)DO(SYS_ppoll);
}

static void *
stays(void *account)
{
	opens(account);
	truth->ready++;
	goes_on();
	return NULL;
}

static void *
sleeps(void *account)
{
	opens(account);
	truth->ready++;
	(void)DO(SYS_ppoll);
	return NULL;
}

static void *
makes(void *account)
{
	opens(account);
	closes();
	for (int i = 0; i < count / MAKERS; i++)
		WANT(pthread_join(creates(works), NULL) == 0);
	opens_again();
	closes();
	return NULL;
}

/* COUNT made and gone, by several. */
static void
made(void)
{
	pthread_t makers[MAKERS];

	closes();
	for (int i = 0; i < MAKERS; i++)
		makers[i] = creates(makes);
	for (int i = 0; i < MAKERS; i++)
		WANT(pthread_join(makers[i], NULL) == 0);
	opens_again();
}

static void
crew(void *(*does)(void *))
{
	closes();
	for (int i = 0; i < count; i++)
		(void)creates(does);
	opens_again();
	until(&truth->ready, (unsigned)count);
}

/* The process exits while COUNT others are at work, or asleep. */
static void
left(void)
{
	crew(stays);
}

static void
asleep(void)
{
	crew(sleeps);
	mark(200);
}

static void *
outlives(void *account)
{
	opens(account);
	closes();
	while (state_of((pid_t)getpid()) != 'Z')
		(void)sched_yield();
	opens_again();
	mark(MARKS);
	if (winners)
		(void)executes(program);
	exits(12);
}

/* The first LWP is gone before the other ends the process, */
static void
leaderless(void)
{
	closes();
	(void)creates(outlives);
	opens_again();
	(void)DO(SYS_exit, 0);
}

/* or executes another image. */
static void
leaderless_exec(void)
{
	winners = 1;
	leaderless();
}

static void *
executor(void *account)
{
	opens(account);
	closes();
	(void)pthread_barrier_wait(&all);
	opens_again();
	mark(MARKS);
	(void)executes(program);
	goes_on();
	return NULL;
}

/* COUNT LWPs execute an image at once, the first stands by; and while others are at work. */
static void
executed(void)
{
	WANT(pthread_barrier_init(&all, NULL, (unsigned)count) == 0);
	closes();
	for (int i = 0; i < count; i++)
		(void)creates(executor);
	opens_again();
	goes_on();
}

static void *
storms(void *own)
{
	opens(own);
	closes();
	while (truth->used < ROOM - 100) {
		struct account *next = account(CREATED);
		pthread_t thread;
		/* While another LWP is about to execute an image, the kernel makes none: EAGAIN. */
		while (pthread_create(&thread, NULL, works, next) != 0)
			(void)sched_yield();
		WANT(pthread_detach(thread) == 0);
	}
	opens_again();
	goes_on();
	return NULL;
}

/* LWPs are made without an end, for the test to kill; or this one executes an image, or exits. */
static void
storm(void)
{
	closes();
	for (int i = 0; i < MAKERS; i++)
		(void)creates(storms);
	opens_again();
	if (count == 0)
		goes_on();
	until(&truth->used, 40);
	if (count == 1)
		(void)executes(program);
}

static void *
quits(void *account)
{
	opens(account);
	closes();
	(void)pthread_barrier_wait(&all);
	opens_again();
	exits(20 + ++winners);
}

/* COUNT end the process at once, each with a status of its own. */
static void
quitting(void)
{
	WANT(pthread_barrier_init(&all, NULL, (unsigned)count) == 0);
	closes();
	for (int i = 0; i < count; i++)
		(void)creates(quits);
	opens_again();
	goes_on();
}

/* One LWP sends another a SIGKILL, which kills all. */
static void
shot(void)
{
	crew(stays);
	pid_t victim = accounts()[1].lwp;
	(void)DO(SYS_tgkill, (uint64_t)mine->pid, (uint64_t)victim, SIGKILL);
	goes_on();
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } cases[] = {
		{ "made", made }, { "left", left }, { "asleep", asleep }, { "leaderless", leaderless },
		{ "leaderless_exec", leaderless_exec }, { "executed", executed }, { "storm", storm },
		{ "quitting", quitting }, { "shot", shot },
	};

	WANT(argc >= 3);
	bounded();
	program = argv[0];
	map_truth(argv[1], ROOM, EACH);
	if (is_image(argv)) {
		mark(MARKS);
		exits(7);
	}
	count = argc > 3 ? atoi(argv[3]) : 0;
	opens(account(ROOT));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[2]) == 0) {
			cases[i].run();
			mark(MARKS);
			exits(11);
		}
	return 1;
}
