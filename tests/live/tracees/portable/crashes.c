/*
 * crashes HOW [handled]: a process with an LWP that sleeps and one that spins, whose first then crashes in crash_here()
 * by HOW: segv, fpe, ill, abort; handled: it has a handler for that, which says so and exits with status 3.
 */
#include "tracee.h"

static atomic_int ready;
volatile int nothing;
/* Something to look for: private, of the file's, of no file, and shared. */
int counted[3] = { 11, 22, 33 };
char *made;

static void
handled(int signo)
{
	(void)signo;
	say("handled %d", signo);
	_exit(3);
}

static void
sleep_here(void)
{
	ready++;
	(void)pause();
}

static void *
sleeper(void *arg)
{
	sleep_here();
	return arg;
}

static void
spin_here(void)
{
	for (ready++;;)
		nothing = 0;
}

static void *
spinner(void *arg)
{
	spin_here();
	return arg;
}

static int
crash_here(const char *how)
{
	if (strcmp(how, "segv") == 0)
		*(volatile int *)8 = 1;
	else if (strcmp(how, "fpe") == 0)
		return 7 / nothing;
	else if (strcmp(how, "ill") == 0)
		__builtin_trap();
	abort();
}

int
main(int argc, char **argv)
{
	WANT(argc > 1);
	bounded();
	if (argc > 2)
		for (int signo = SIGILL; signo <= SIGSEGV; signo++)
			if (signo != SIGKILL)
				WANT(signal(signo, handled) != SIG_ERR);
	made = strdup("made at run time");
	counted[1] = 2222;
	(void)start(sleeper, NULL);
	(void)start(spinner, NULL);
	while (ready < 2)
		(void)sched_yield();
	return crash_here(argv[1]);
}
