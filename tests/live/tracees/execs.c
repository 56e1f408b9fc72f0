/*
 * execs CASE [ROUNDS]: execve, by whom and among what; ROUNDS times, each from the image before.
 *   leader:  by the only LWP;
 *   later:   by a later LWP, the others asleep in calls, making calls, and spinning;
 *   orphan:  by a later LWP after the first has exited;
 *   race:    by four LWPs at once;
 *   storm:   by a later LWP while others are made and end;
 *   forking: by a later LWP while others fork;
 *   fails:   ENOENT.
 */
#include "tracee.h"

static char *self, *how;
static int rounds, pipe_of_nothing[2];
static atomic_int ready;

static void
again(void)
{
	char left[16];
	char *const argv[] = { self, how, left, NULL };

	(void)snprintf(left, sizeof(left), "%d", rounds - 1);
	say("exec %d %d", (int)getpid(), (int)gettid());
	(void)execve(self, argv, environ);
	say("error %d", errno);
	_exit(2);
}

static void *
asleep_in_read(void *arg)
{
	char c;

	ready++;
	(void)!read(pipe_of_nothing[0], &c, 1);
	return arg;
}

static void *
asleep_in_nanosleep(void *arg)
{
	const struct timespec long_time = { 100, 0 };

	ready++;
	(void)nanosleep(&long_time, NULL);
	return arg;
}

static void *
makes_calls(void *arg)
{
	ready++;
	for (;;)
		(void)syscall(SYS_getppid);
	return arg;
}

static void *
spins(void *arg)
{
	ready++;
	for (volatile int i = 0;; i++)
		continue;
	return arg;
}

static void *
nothing(void *arg)
{
	return arg;
}

static void *
makes_lwps(void *arg)
{
	pthread_t thread;

	ready++;
	for (;;)
		if (pthread_create(&thread, NULL, nothing, NULL) == 0)
			(void)pthread_join(thread, NULL);
	return arg;
}

static void *
makes_processes(void *arg)
{
	ready++;
	for (;;) {
		pid_t child = (pid_t)syscall(SYS_fork);
		if (child == 0)
			(void)syscall(SYS_exit_group, 0);
		(void)waitpid(child, NULL, 0);
	}
	return arg;
}

static void *
executes(void *arg)
{
	while (ready < *(int *)arg)
		(void)sched_yield();
	again();
	return NULL;
}

static void *
executes_after_the_leader(void *arg)
{
	(void)arg;
	until_state(getpid(), 'Z');
	again();
	return NULL;
}

static void
be_among(void *(*const others[])(void *), int count)
{
	static int until;

	until = count;
	for (int i = 0; i < count; i++)
		(void)start(others[i], NULL);
	pthread_join(start(executes, &until), NULL);
}

static void
race(void)
{
	static int until = 4;

	for (int i = 0; i < until; i++)
		(void)start(executes, &until);
	ready = until;
	for (;;)
		(void)pause();
}

static void
once(void)
{
	void *(*const busy[])(void *) = { asleep_in_read, asleep_in_nanosleep, makes_calls, spins };
	void *(*const makers[])(void *) = { makes_lwps, makes_lwps };
	void *(*const forkers[])(void *) = { makes_processes, makes_processes };

	WANT(pipe2(pipe_of_nothing, O_CLOEXEC) == 0);
	if (strcmp(how, "leader") == 0) {
		again();
	} else if (strcmp(how, "later") == 0) {
		be_among(busy, 4);
	} else if (strcmp(how, "storm") == 0) {
		be_among(makers, 2);
	} else if (strcmp(how, "forking") == 0) {
		be_among(forkers, 2);
	} else if (strcmp(how, "orphan") == 0) {
		(void)start(executes_after_the_leader, NULL);
		(void)syscall(SYS_exit, 0);
	} else if (strcmp(how, "race") == 0) {
		race();
	} else if (strcmp(how, "fails") == 0) {
		self = "/nonexistent/program";
		again();
	}
}

int
main(int argc, char **argv)
{
	WANT(argc > 1);
	bounded();
	self = argv[0];
	how = argv[1];
	rounds = argc > 2 ? atoi(argv[2]) : 1;
	if (rounds == 0) {
		say("done %d %d", (int)getpid(), (int)gettid());
		return 7;
	}
	once();
	return 3;
}
