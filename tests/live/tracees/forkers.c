/*
 * forkers COUNT HOW: that many processes, each of which makes children without an end, HOW: fork, vfork,
 * parent (CLONE_PARENT: ours), thread (LWPs that fork). The children of all but vfork wait to be killed, and
 * are when there are MOST of one maker. Prints the pid of each forker. All are one process group, that of
 * the first.
 */
#include "tracee.h"

enum { MOST = 20 };

static void
make(const char *how)
{
	unsigned long flags = strcmp(how, "parent") == 0 ? CLONE_PARENT | SIGCHLD : SIGCHLD;
	pid_t children[MOST] = { 0 };

	for (unsigned i = 0;; i = (i + 1) % MOST) {
		if (children[i] != 0) {
			(void)kill(children[i], SIGKILL);
			if (!(flags & CLONE_PARENT))
				(void)end_of(children[i]);
		}
		children[i] = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
		if (children[i] == 0)
			for (;;)
				(void)syscall(SYS_pause);
	}
}

static void
make_by_vfork(void)
{
	for (;;) {
		pid_t child = vfork();
		if (child == 0)
			(void)syscall(SYS_exit_group, 0);
		(void)end_of(child);
	}
}

static void *
forks(void *how)
{
	if (strcmp(how, "vfork") == 0)
		make_by_vfork();
	make(how);
	return how;
}

int
main(int argc, char **argv)
{
	WANT(argc == 3);
	bounded();
	WANT(setpgid(0, 0) == 0);
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
	return 0;
}
