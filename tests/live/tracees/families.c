/*
 * families CASE COUNT: processes, and who is left of them. Each makes CALLS calls, says its pid and the status
 * that it is about to exit with.
 *   daemon: a child's child that goes on after the end of both before it, COUNT times;
 *   chain:  each makes one more, and ends before that one goes on, COUNT of them;
 *   crowd:  COUNT at once, that all end at the same time;
 *   reuse:  COUNT one after the other with the same pid, as clone3(2) can make them (for root);
 *   execs:  a later LWP calls execve and so gets its process's id, and as soon as its own is free another
 *           process makes a child with that; COUNT times.
 */
#include "tracee.h"

enum { CALLS = 4 };

static char *self;

static void
end(int status)
{
	for (int i = 0; i < CALLS; i++)
		(void)syscall(SYS_getppid);
	say("process %d %d", (int)getpid(), status);
	(void)syscall(SYS_exit_group, status);
}

static void
until_orphan_of(pid_t parent)
{
	while (getppid() == parent)
		(void)sched_yield();
}

static void
daemons(int count)
{
	pid_t first = getpid();

	for (int i = 0; i < count; i++) {
		pid_t middle = fork();
		if (middle == 0) {
			middle = getpid();
			WANT(setsid() == middle);
			if (fork() == 0) {
				until_orphan_of(middle);
				/* Until its end was waited for: an end of a pipe is closed before that. */
				while (kill(first, 0) == 0)
					(void)sched_yield();
				end(2);
			}
			end(1);
		}
		(void)end_of(middle);
	}
}

static void
chain(int count)
{
	for (int i = 1; i < count; i++) {
		pid_t parent = getpid();
		if (fork() != 0)
			end(i % 256);
		until_orphan_of(parent);
	}
}

static void
crowd(int count)
{
	int go[2];
	char c;

	WANT(pipe(go) == 0);
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		WANT(child >= 0);
		if (child != 0)
			continue;
		WANT(close(go[1]) == 0 && read(go[0], &c, 1) == 0);
		end(i % 256);
	}
	WANT(close(go[1]) == 0);
	for (int i = 0; i < count; i++)
		WANT(wait(NULL) > 0);
}

static pid_t
fork_as(pid_t pid)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void
reuse(int count)
{
	pid_t pid = fork();

	if (pid == 0)
		end(0);
	(void)end_of(pid);
	for (int i = 1; i < count; i++) {
		pid_t child = fork_as(pid);
		if (child == 0)
			end(i % 256);
		WANT(child == pid);
		(void)end_of(pid);
	}
}

static struct shared {
	_Atomic pid_t lwp;
	atomic_int ready;
} *shared;

static void *
becomes_first(void *arg)
{
	char *const argv[] = { self, NULL };

	shared->lwp = gettid();
	while (!shared->ready)
		(void)sched_yield();
	(void)execve(self, argv, environ);
	return arg;
}

static void
takes_its_id(void)
{
	pid_t child;

	while (shared->lwp == 0)
		(void)sched_yield();
	shared->ready = 1;
	while ((child = fork_as(shared->lwp)) < 0)
		WANT(errno == EEXIST);
	if (child == 0)
		end(4);
	(void)end_of(child);
	end(3);
}

static void
execs(int count)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	WANT(shared != MAP_FAILED);
	for (int i = 0; i < count; i++) {
		shared->lwp = shared->ready = 0;
		pid_t one = fork();
		if (one == 0) {
			(void)start(becomes_first, NULL);
			for (;;)
				(void)syscall(SYS_pause);
		}
		pid_t other = fork();
		if (other == 0)
			takes_its_id();
		(void)end_of(one);
		(void)end_of(other);
	}
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 1)
		end(2);
	WANT(argc == 3);
	bounded();
	int count = atoi(argv[2]);
	if (strcmp(argv[1], "daemon") == 0)
		daemons(count);
	else if (strcmp(argv[1], "chain") == 0)
		chain(count);
	else if (strcmp(argv[1], "crowd") == 0)
		crowd(count);
	else if (strcmp(argv[1], "reuse") == 0)
		reuse(count);
	else
		execs(count);
	end(0);
}
