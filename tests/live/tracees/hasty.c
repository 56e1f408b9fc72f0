/*
 * hasty FILE: one LWP opens a file by its name, and another changes that name when the test tells it to, without
 * a call of its own.
 */
#include "truth.h"

static char name[16] = "/dev/null";

static void *
changes(void *account)
{
	opens(account);
	truth->ready = 1;
	while (!truth->go)
		;
	memcpy(name, "/dev/nul!", sizeof("/dev/nul!"));
	truth->ready = 2;
	closes();
	return NULL;
}

int
main(int argc, char **argv)
{
	WANT(argc == 2);
	bounded();
	map_truth(argv[1], 2, 20);
	opens(account(ROOT));
	closes();
	pthread_t other = creates(changes);
	while (truth->ready == 0)
		(void)sched_yield();
	opens_again();
	(void)DO(SYS_openat, (uint32_t)AT_FDCWD, (uintptr_t)name, O_RDONLY);
	closes();
	WANT(pthread_join(other, NULL) == 0);
	opens_again();
	exits(11);
}
