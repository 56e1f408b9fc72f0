/*
 * Sends itself a signal.
 *
 * usage: dispositions handled|ignored|masked|default|hundred SIGNO
 *        dispositions nothing 0	sends none, and makes some calls
 */
#include "../../live/tracees/portable/tracee.h"

static volatile sig_atomic_t handled;

static void
handler(int signo)
{
	(void)signo;
	handled++;
}

static void
mask(int how, int signo)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, signo);
	WANT(sigprocmask(how, &set, NULL) == 0);
}

int
main(int argc, char **argv)
{
	WANT(argc == 3);
	const char *how = argv[1];
	int signo = atoi(argv[2]), times = is(how, "hundred") ? 100 : 1;

	if (is(how, "nothing")) {
		for (int i = 0; i < 3; i++)
			(void)getppid();
		return 5;
	}
	if (is(how, "default")) {
		if (signo != SIGKILL)
			on(signo, SIG_DFL, 0);
		mask(SIG_UNBLOCK, signo);
	} else {
		on(signo, is(how, "ignored") ? SIG_IGN : handler, 0);
	}
	if (is(how, "masked"))
		mask(SIG_BLOCK, signo);
	for (int i = 0; i < times; i++)
		WANT(kill(getpid(), signo) == 0);
	if (is(how, "masked")) {
		say("before %d", (int)handled);
		mask(SIG_UNBLOCK, signo);
	}
	say("handled %d", (int)handled);
	return 5;
}
