/*
 * halted again ROUNDS: the first LWP is on a processor all the time. So often another sends it SIGUSR1, which is ignored,
 * and stops the process a moment later; a child continues it, again and again.
 *
 * halted once: it is stopped when there is something to read, and stays so.
 */
#include "tracee.h"

static pid_t first;
static int rounds;
static atomic_int over;

static void *
halts_again(void *arg)
{
	for (int i = 0; i < rounds; i++) {
		WANT(syscall(SYS_tgkill, getpid(), first, SIGUSR1) == 0);
		(void)usleep(2000);
		WANT(kill(getpid(), SIGSTOP) == 0);
	}
	over = 1;
	return arg;
}

static void *
halts_once(void *arg)
{
	char c;

	WANT(read(0, &c, 1) == 1 && kill(getpid(), SIGSTOP) == 0);
	return arg;
}

static void
continues(pid_t parent)
{
	WANT(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	while (getppid() == parent) {
		(void)usleep(3000);
		(void)kill(parent, SIGCONT);
	}
	_exit(0);
}

int
main(int argc, char **argv)
{
	WANT(argc > 1);
	bounded();
	first = getpid();
	rounds = argc > 2 ? atoi(argv[2]) : 0;
	WANT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	pid_t child = rounds > 0 ? fork() : 0;
	if (rounds > 0 && child == 0)
		continues(first);
	(void)start(rounds > 0 ? halts_again : halts_once, NULL);
	say("ready %d", (int)first);
	while (!over)
		continue;
	WANT(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	return 0;
}
