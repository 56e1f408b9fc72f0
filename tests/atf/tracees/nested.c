/*
 * A child that makes a child, each by a way of its own.
 *
 * usage: nested OUTER INNER	fork, vfork or clone
 */
#include <sched.h>

#include "../../live/tracees/portable/tracee.h"

struct level {
	const char *how;
	struct level *inner;
	int status;
	pid_t made;
};

static void child_of(struct level *);

static int
run(void *arg)
{
	struct level *level = arg;

	if (level->inner != NULL) {
		child_of(level->inner);
		say("nested %d %d", (int)getpid(), (int)level->inner->made);
	}
	_exit(level->status);
}

static void
child_of(struct level *level)
{
	char *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	pid_t pid;

	WANT(stack != MAP_FAILED);
	if (is(level->how, "clone")) {
		pid = clone(run, stack + 65536, SIGCHLD, level);
	} else {
		pid = is(level->how, "vfork") ? vfork() : fork();
		if (pid == 0)
			(void)run(level);
	}
	WANT(pid > 0);
	level->made = pid;
	WANT(end_of(pid) == level->status << 8);
}

int
main(int argc, char **argv)
{
	struct level inner = { .status = 1 }, outer = { .status = 2, .inner = &inner };

	bounded();
	WANT(argc == 3);
	outer.how = argv[1];
	inner.how = argv[2];
	child_of(&outer);
	return 3;
}
