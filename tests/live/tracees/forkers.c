/*
 * forkers COUNT HOW: that many processes, each of which makes children without an end, HOW: fork, vfork,
 * parent (CLONE_PARENT: ours), thread (LWPs that fork). The children of all but vfork wait to be killed, at
 * most MOST at a time. Prints the pid of each forker.
 */
#include "tracee.h"

enum { MOST = 400 };

static atomic_int *alive;

static void
wait_to_be_killed(void)
{
	for (;;)
		(void)syscall(SYS_pause);
}

static void
make_one(const char *how)
{
	while (*alive >= MOST)
		(void)sched_yield();
	++*alive;
	if (strcmp(how, "vfork") == 0) {
		pid_t child = vfork();
		if (child == 0)
			(void)syscall(SYS_exit_group, 0);
		(void)end_of(child);
		--*alive;
		return;
	}
	unsigned long flags = strcmp(how, "parent") == 0 ? CLONE_PARENT | SIGCHLD : SIGCHLD;
	if (syscall(SYS_clone, flags, NULL, NULL, NULL, NULL) == 0)
		wait_to_be_killed();
}

static void *
forks(void *how)
{
	for (;;)
		make_one(how);
	return how;
}

int
main(int argc, char **argv)
{
	WANT(argc == 3);
	bounded();
	alive = mmap(NULL, sizeof(*alive), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	WANT(alive != MAP_FAILED);
	for (int i = atoi(argv[1]); i > 0; i--) {
		pid_t child = fork();
		if (child == 0) {
			say("forker %d", (int)getpid());
			if (strcmp(argv[2], "thread") == 0)
				for (int j = 0; j < 3; j++)
					(void)start(forks, argv[2]);
			(void)forks(argv[2]);
		}
	}
	while (wait(NULL) > 0)
		continue;
	say("done %d", (int)getpid());
	wait_to_be_killed();
}
