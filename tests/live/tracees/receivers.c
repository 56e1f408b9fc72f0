/*
 * receivers MODE: SIGUSR1 is handled, ignored, masked, or has its default action, while it makes calls at
 * which a tracer may send it: getppid, a fork, and a SIGUSR2 that it sends to itself and handles.
 * receivers lwps LWPS ROUNDS: so many LWPs call getppid so often.
 * receivers dies [core]: a child makes the getppid, and its end is told.
 */
#include "tracee.h"

static volatile sig_atomic_t caught[65];
static volatile siginfo_t last;
static __thread volatile sig_atomic_t caught_here;
static int rounds;

static void
on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	caught[signo]++;
	caught_here++;
	last = *info;
}

static void
handle(int signo)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	WANT(sigaction(signo, &action, NULL) == 0);
}

static void
one(const char *mode)
{
	sigset_t set;

	handle(SIGUSR1);
	handle(SIGUSR2);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	if (strcmp(mode, "ignored") == 0)
		WANT(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	else if (strcmp(mode, "default") == 0)
		WANT(signal(SIGUSR1, SIG_DFL) != SIG_ERR);
	else if (strcmp(mode, "masked") == 0)
		WANT(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	(void)syscall(SYS_getppid);
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	WANT(end_of(child) == 0);
	WANT(raise(SIGUSR2) == 0);
	(void)sigpending(&set);
	say("caught %d %d", (int)caught[SIGUSR1], (int)caught[SIGUSR2]);
	say("pending %d", sigismember(&set, SIGUSR1));
	say("info %d %d %d", last.si_code, (int)last.si_pid, (int)last.si_uid);
}

static void *
calls(void *arg)
{
	for (int i = 0; i < rounds; i++)
		(void)syscall(SYS_getppid);
	say("lwp %d %d", (int)gettid(), (int)caught_here);
	return arg;
}

static void
many(int lwps)
{
	pthread_t threads[64];

	handle(SIGUSR1);
	WANT(lwps <= 64);
	for (int i = 0; i < lwps; i++)
		threads[i] = start(calls, NULL);
	for (int i = 0; i < lwps; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
}

static void
dies(int core)
{
	const struct rlimit limit = { core ? RLIM_INFINITY : 0, RLIM_INFINITY };

	WANT(setrlimit(RLIMIT_CORE, &limit) == 0);
	pid_t child = fork();
	if (child == 0) {
		(void)syscall(SYS_getppid);
		_exit(0);
	}
	int status = end_of(child);
	say("death %d %d %d", (int)child, WIFSIGNALED(status) ? WTERMSIG(status) : 0, WCOREDUMP(status) != 0);
}

int
main(int argc, char **argv)
{
	bounded();
	if (argc > 3) {
		rounds = atoi(argv[3]);
		many(atoi(argv[2]));
	} else if (argc > 1 && strcmp(argv[1], "dies") == 0) {
		dies(argc > 2);
	} else {
		one(argc > 1 ? argv[1] : "handled");
	}
	return 0;
}
