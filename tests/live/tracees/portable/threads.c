/*
 * LWPs, as pthreads.
 *
 * usage: threads some N	N at once, each makes three calls and ends
 *        threads leave N	the process exits (3) while N of them are in a call that does not return
 *        threads exec		one that is not the first executes this program anew
 *        threads kill N	the process kills itself while N of them are in such a call
 *        threads new		what exec runs
 */
#include "tracee.h"

extern char **environ;

static const char *self;
static pthread_barrier_t all;

static void *
some(void *arg)
{
	(void)pthread_barrier_wait(&all);
	for (int i = 0; i < 3; i++)
		(void)getppid();
	return arg;
}

static void *
asleep(void *arg)
{
	int fds[2];
	char byte;

	WANT(pipe(fds) == 0);
	(void)pthread_barrier_wait(&all);
	WANT(read(fds[0], &byte, 1) == 1);	/* nobody writes */
	return arg;
}

static void *
executes(void *arg)
{
	char *argv[] = { (char *)(uintptr_t)self, (char *)(uintptr_t)"new", NULL };

	(void)execve(self, argv, environ);
	WANT(0);
	return arg;
}

int
main(int argc, char **argv)
{
	pthread_t threads[64];

	self = argv[0];
	bounded();
	WANT(argc >= 2);
	const char *how = argv[1];
	if (is(how, "new")) {
		say("new %d", (int)getpid());
		return 17;
	}
	if (is(how, "exec")) {
		say("exec %d", (int)getpid());
		(void)pthread_join(start(executes, NULL), NULL);
		return 99;
	}
	int n = argc > 2 ? atoi(argv[2]) : 1;
	WANT(n > 0 && n <= 64);
	WANT(pthread_barrier_init(&all, NULL, (unsigned)n + 1) == 0);
	for (int i = 0; i < n; i++)
		threads[i] = start(is(how, "some") ? some : asleep, NULL);
	(void)pthread_barrier_wait(&all);
	if (is(how, "leave"))
		return 3;
	if (is(how, "kill"))
		(void)kill(getpid(), SIGKILL);
	for (int i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	say("made %d", n);
	return 0;
}
