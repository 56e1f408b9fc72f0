/*
 * siginfos HOW: gets a signal by sigqueue, by a fault at address 16, or by the end of a child, and
 * tells what its handler sees of it.
 */
#include <setjmp.h>

#include "tracee.h"

static volatile siginfo_t seen;
static sigjmp_buf back;

static void
on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	seen = *info;
	if (signo == SIGSEGV)
		siglongjmp(back, 1);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };
	const char *how = argc > 1 ? argv[1] : "queue";
	int *volatile nowhere = (int *)16;

	bounded();
	WANT(sigaction(SIGUSR1, &action, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
	WANT(sigaction(SIGCHLD, &action, NULL) == 0 && sigaction(SIGUSR2, &action, NULL) == 0);
	if (strcmp(how, "queue") == 0) {
		WANT(sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 7 }) == 0);
		say("value %llu", (unsigned long long)(uintptr_t)seen.si_value.sival_ptr);
	} else if (strcmp(how, "fault") == 0) {
		if (sigsetjmp(back, 1) == 0)
			*nowhere = 0;
		say("addr %llu", (unsigned long long)(uintptr_t)seen.si_addr);
	} else {
		pid_t child = fork();
		if (child == 0)
			_exit(3);
		(void)end_of(child);
		say("status %d", seen.si_status);
	}
	say("info %d %d %d %d %u", seen.si_signo, seen.si_code, seen.si_errno, (int)seen.si_pid,
	    (unsigned)seen.si_uid);
	return 0;
}
