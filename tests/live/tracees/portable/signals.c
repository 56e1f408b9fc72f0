/*
 * Signals that the tracee sends to itself, and what becomes of the call they meet.
 *
 * usage: signals handled|ignored|blocked|default|kill|abort|fault
 *        signals interrupted|restarted	the test sends SIGUSR1 into its first read
 */
#include "tracee.h"

static volatile sig_atomic_t handled;
static int gate[2];

static void
handler(int signo)
{
	(void)signo;
	handled++;
}

/* What a restarted read then gets. */
static void
handler_that_feeds(int signo)
{
	handler(signo);
	WANT(write(gate[1], "", 1) == 1);
}

/* A read of nothing, which the test sends a signal into. */
static void
meet(int flags)
{
	char byte;

	WANT(pipe(gate) == 0);
	on(SIGUSR1, handler_that_feeds, flags);
	ssize_t n = read(gate[0], &byte, 1);
	say("read %d %d %d", (int)n, n < 0 ? errno : 0, (int)handled);
}

static void
blocked(void)
{
	sigset_t set, old;

	on(SIGUSR1, handler, 0);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	WANT(sigprocmask(SIG_BLOCK, &set, &old) == 0);
	(void)raise(SIGUSR1);
	say("before %d", (int)handled);
	WANT(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
	say("after %d", (int)handled);
}

int
main(int argc, char **argv)
{
	bounded();
	WANT(argc == 2);
	const char *how = argv[1];
	say("me %d", (int)getpid());
	if (is(how, "handled")) {
		on(SIGUSR1, handler, 0);
		for (int i = 0; i < 3; i++)
			WANT(kill(getpid(), SIGUSR1) == 0);
		say("handled %d", (int)handled);
	} else if (is(how, "ignored")) {
		on(SIGUSR1, SIG_IGN, 0);
		WANT(kill(getpid(), SIGUSR1) == 0);
	} else if (is(how, "blocked")) {
		blocked();
	} else if (is(how, "default")) {
		(void)kill(getpid(), SIGUSR1);
	} else if (is(how, "kill")) {
		(void)kill(getpid(), SIGKILL);
	} else if (is(how, "abort")) {
		abort();
	} else if (is(how, "fault")) {
		*(volatile int *)(uintptr_t)64 = 1;
	} else if (is(how, "interrupted")) {
		meet(0);
	} else if (is(how, "restarted")) {
		meet(SA_RESTART);
	} else {
		WANT(0);
	}
	return 5;
}
