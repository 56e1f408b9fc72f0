/*
 * deaths [core]: a child for each signal that is fatal by default, and dies of it. With `core`, those
 * that dump one may.
 */
#include "tracee.h"

static const int harmless[] = { SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, 0 };

static int
is_fatal(int signo)
{
	for (const int *s = harmless; *s != 0; s++)
		if (*s == signo)
			return 0;
	return 1;
}

static void
set_default(int signo)
{
	const struct action none = { 0, 0, 0, 0 };	/* SIG_DFL */
	uint64_t all = ~0ull;

	if (signo != SIGKILL)
		WANT(syscall(SYS_rt_sigaction, signo, &none, NULL, 8) == 0);
	WANT(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &all, NULL, 8) == 0);
}

int
main(int argc, char **argv)
{
	struct rlimit limit = { 0, 0 };

	(void)argv;
	if (argc > 1)
		limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
	WANT(setrlimit(RLIMIT_CORE, &limit) == 0);
	for (int signo = 1; signo <= 64; signo++) {
		if (!is_fatal(signo))
			continue;
		pid_t child = fork();
		WANT(child >= 0);
		if (child == 0) {
			set_default(signo);
			(void)syscall(SYS_kill, getpid(), signo);
			_exit(0);
		}
		int status = end_of(child);
		WANT(WIFSIGNALED(status) && WTERMSIG(status) == signo);
		say("death %d %d %d", (int)child, signo, WCOREDUMP(status) != 0);
	}
	return 0;
}
