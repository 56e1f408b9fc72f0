/*
 * stops SIGNO ROUNDS LWPS: a child with that many LWPs, each of which counts, is stopped by the signal and
 * continued, ROUNDS times. The parent sees each stop by waitpid, sees that nobody counts meanwhile, and that
 * all do afterwards. With ROUNDS 0 it is stopped once, and killed.
 */
#include "tracee.h"

enum { LWPS = 16 };

static struct shared {
	atomic_ulong counts[LWPS];
	atomic_int signo;
} *shared;
static int lwps;

static void *
counts(void *arg)
{
	for (;;)
		if (++shared->counts[(intptr_t)arg] % 4096 == 0)
			(void)syscall(SYS_getppid);
	return arg;
}

static void
child(void)
{
	/* A group of its own, and a parent outside it in the same session: so that it is no orphaned
	 * group, whose members SIGTSTP, SIGTTIN and SIGTTOU do not stop (setpgid(2)). */
	WANT(setpgid(0, 0) == 0);
	for (intptr_t i = 1; i < lwps; i++)
		(void)start(counts, (void *)i);
	for (;;) {
		shared->counts[0]++;
		int signo = atomic_exchange(&shared->signo, 0);
		if (signo != 0)
			WANT(kill(getpid(), signo) == 0);
	}
}

static void
until_all_count(void)
{
	unsigned long before[LWPS];

	for (int i = 0; i < lwps; i++)
		before[i] = shared->counts[i];
	for (int i = 0; i < lwps; i++)
		while (shared->counts[i] == before[i])
			(void)sched_yield();
}

static void
nobody_counts(void)
{
	unsigned long before[LWPS];

	for (int i = 0; i < lwps; i++)
		before[i] = shared->counts[i];
	for (int i = 0; i < 200; i++)
		(void)sched_yield();
	for (int i = 0; i < lwps; i++)
		WANT(shared->counts[i] == before[i]);
}

int
main(int argc, char **argv)
{
	int status;

	WANT(argc == 4);
	bounded();
	int signo = atoi(argv[1]), rounds = atoi(argv[2]);
	lwps = atoi(argv[3]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	WANT(shared != MAP_FAILED && lwps <= LWPS);
	pid_t pid = fork();
	if (pid == 0)
		child();
	say("child %d", (int)pid);
	for (int i = 0; i < (rounds == 0 ? 1 : rounds); i++) {
		until_all_count();
		shared->signo = signo;
		WANT(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		WANT(WSTOPSIG(status) == signo);
		nobody_counts();
		if (rounds == 0)
			break;
		WANT(kill(pid, SIGCONT) == 0);
		WANT(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	}
	if (rounds != 0)
		until_all_count();
	WANT(kill(pid, SIGKILL) == 0);
	status = end_of(pid);
	WANT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return 0;
}
