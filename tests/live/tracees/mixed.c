/*
 * mixed [ROUNDS]: calls that tell by themselves whether they are reported right, made by two LWPs, a child and its next
 * image; a signal with a handler. Any of its processes may be killed at any time, and the others end all the same.
 *
 * Each call is lseek(-1, i, ~i), which fails with EBADF.
 */
#include "tracee.h"

static void
calls(int rounds)
{
	for (int i = 0; i < rounds; i++)
		WANT(syscall(SYS_lseek, -1, (long)i, ~i) == -1 && errno == EBADF);
}

static void
on_signal(int signo)
{
	(void)signo;
}

static void *
run_lwp(void *rounds)
{
	calls((int)(intptr_t)rounds);
	return NULL;
}

int
main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 3;

	bounded();
	if (argc > 2) {
		calls(rounds);
		return 0;
	}
	WANT(signal(SIGUSR1, on_signal) != SIG_ERR);
	calls(rounds);
	pid_t child = fork();
	WANT(child >= 0);
	if (child == 0) {
		calls(rounds);
		(void)execl("/proc/self/exe", argv[0], argc > 1 ? argv[1] : "3", "image", (char *)NULL);
		_exit(97);
	}
	pthread_t lwp = start(run_lwp, (void *)(intptr_t)rounds);
	WANT(raise(SIGUSR1) == 0);
	calls(rounds);
	WANT(pthread_join(lwp, NULL) == 0);
	(void)end_of(child);
	return 0;
}
