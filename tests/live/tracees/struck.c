/*
 * struck FILE CASE: signals, and what becomes of the calls that they interrupt. What each case does stands at its
 * function.
 */
#include <sys/time.h>
#include <sys/uio.h>

#include "truth.h"

enum { ROOM = 40, EACH = 40000, MARKS = 2, LWPS = 4, QUEUED = 20 };

static void
handler(int signo, siginfo_t *info, void *context)
{
	(void)context;
	note(HANDLED, signo, (uint64_t)info->si_code, (uint64_t)info->si_value.sival_int);
}

static void
handle(int signo, int flags)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
	WANT(sigfillset(&action.sa_mask) == 0 && sigaction(signo, &action, NULL) == 0);
}

static void
sends(pid_t pid, pid_t lwp, int signo)
{
	WANT(DO(SYS_tgkill, (uint64_t)pid, (uint64_t)lwp, (uint64_t)signo) == 0);
}

static int
catchable(int signo)
{
	return signo != SIGKILL && signo != SIGSTOP && (signo < 32 || signo >= SIGRTMIN);
}

/* Every signal, handled, ignored, and held back for a while. */
static void
each(void)
{
	closes();
	for (int signo = 1; signo <= SIGRTMAX; signo++)
		if (catchable(signo) && signo != SIGCHLD)
			handle(signo, 0);
	opens_again();
	for (int signo = 1; signo <= SIGRTMAX; signo++)
		if (catchable(signo) && signo != SIGCHLD) {
			sends(mine->pid, mine->lwp, signo);
			mark(MARKS);
		}
	sigset_t usr2;
	closes();
	(void)signal(SIGUSR1, SIG_IGN);
	WANT(sigemptyset(&usr2) == 0 && sigaddset(&usr2, SIGUSR2) == 0 && sigprocmask(SIG_BLOCK, &usr2, NULL) == 0);
	opens_again();
	note(IGNORES, SIGUSR1, 0, 0);
	sends(mine->pid, mine->lwp, SIGUSR1);
	sends(mine->pid, mine->lwp, SIGUSR2);
	mark(MARKS);
	closes();
	WANT(sigprocmask(SIG_UNBLOCK, &usr2, NULL) == 0);
	opens_again();
}

static void
faults(int signo)
{
	static volatile int *volatile nowhere;
	static volatile int zero;

	note(DIES, signo, 0, 0);
	if (signo == SIGSEGV)
		*nowhere = 1;
	else if (signo == SIGFPE)
		zero = 7 / zero;
	else
		__builtin_trap();
	/* Where a division by zero is no fault. */
	(void)DO(SYS_tgkill, (uint64_t)mine->pid, (uint64_t)mine->lwp, (uint64_t)signo);
}

/* Faults that kill, each in a child of its own. */
static void
fatal(void)
{
#ifdef __x86_64__
	const int all[] = { SIGSEGV, SIGFPE, SIGILL };
#else
	const int all[] = { SIGSEGV, SIGTRAP };
#endif
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		pid_t child = forks(FORKED, SIGCHLD);
		if (child == 0) {
			mark(MARKS);
			faults(all[i]);
		}
		WANT(WTERMSIG(waits(child)) == all[i]);
	}
}

/* SIGTRAP of the program's own, by kill(2), tgkill(2) and a breakpoint. */
static void
traps(void)
{
	closes();
	handle(SIGTRAP, 0);
	opens_again();
	WANT(DO(SYS_kill, (uint64_t)mine->pid, SIGTRAP) == 0);
	mark(MARKS);
	sends(mine->pid, mine->lwp, SIGTRAP);
	mark(MARKS);
#ifdef __x86_64__
	__asm__ volatile("int3");
#endif
}

/* A child is stopped by each signal that stops, and continued. */
static void
stopped(void)
{
	const int all[] = { SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU };
	pid_t child = forks(FORKED, SIGCHLD);

	if (child == 0) {
		for (;;) {
			mark(1);
			closes();
			(void)usleep(1000);
			opens_again();
		}
	}
	/* In a group without a parent outside of it nobody would be stopped by a terminal's signals. */
	WANT(DO(SYS_setpgid, (uint64_t)child, (uint64_t)child) == 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int status;
		WANT(DO(SYS_kill, (uint64_t)child, (uint64_t)all[i]) == 0);
		WANT(DO(SYS_wait4, (uint64_t)child, (uintptr_t)&status, WUNTRACED) == child && WIFSTOPPED(status));
		WANT(WSTOPSIG(status) == all[i]);
		WANT(DO(SYS_kill, (uint64_t)child, SIGCONT) == 0);
		WANT(DO(SYS_wait4, (uint64_t)child, (uintptr_t)&status, WCONTINUED) == child && WIFCONTINUED(status));
		/* The next stop would take a SIGCONT back that has not yet been delivered. */
		closes();
		for (unsigned seen = accounts()[1].records; accounts()[1].records < seen + 4;)
			(void)sched_yield();
		opens_again();
	}
	WANT(DO(SYS_kill, (uint64_t)child, SIGKILL) == 0);
	(void)waits(child);
}

static int ends[2];
static atomic_int hungry;

/* Gives the reader its byte, but not before it has been interrupted. */
static void *
feeds(void *account)
{
	opens(account);
	closes();
	while (!hungry || truth->ready == 0)
		(void)sched_yield();
	opens_again();
	WANT(DO(SYS_write, (uint64_t)ends[1], (uintptr_t)"x", 1) == 1);
	closes();
	return NULL;
}

static void
counted(int signo, siginfo_t *info, void *context)
{
	handler(signo, info, context);
	truth->ready++;
}

static long
sleeps(long number, uint64_t first, uint64_t second, uint64_t third)
{
	truth->ready = 0;
	return DO(number, first, second, third);
}

/* A handler interrupts read, poll and nanosleep: they fail with EINTR, or read is made again. */
static void
interrupted(void)
{
	struct itimerval each = { { 0, 5000 }, { 0, 5000 } }, none = { 0 };
	struct timespec time = { .tv_sec = 100 };
	struct sigaction action = { .sa_sigaction = counted, .sa_flags = SA_SIGINFO };
	struct pollfd nobody = { .fd = -1 };
	sigset_t alrm;
	char c;

	closes();
	WANT(pipe(ends) == 0 && sigemptyset(&alrm) == 0 && sigaddset(&alrm, SIGALRM) == 0 &&
	    sigprocmask(SIG_BLOCK, &alrm, NULL) == 0);
	pthread_t feeder = creates(feeds);
	WANT(sigprocmask(SIG_UNBLOCK, &alrm, NULL) == 0);
	WANT(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &each, NULL) == 0);
	opens_again();
	WANT(sleeps(SYS_read, (uint64_t)ends[0], (uintptr_t)&c, 1) == -EINTR);
	WANT(sleeps(SYS_ppoll, (uintptr_t)&nobody, 1, 0) == -EINTR);
	WANT(sleeps(SYS_nanosleep, (uintptr_t)&time, 0, 0) == -EINTR);
	closes();
	action.sa_flags |= SA_RESTART;
	WANT(sigaction(SIGALRM, &action, NULL) == 0);
	truth->ready = 0;
	hungry = 1;
	opens_again();
	WANT(DO(SYS_read, (uint64_t)ends[0], (uintptr_t)&c, 1) == 1);
	WANT(sleeps(SYS_nanosleep, (uintptr_t)&time, 0, 0) == -EINTR);
	closes();
	WANT(setitimer(ITIMER_REAL, &none, NULL) == 0 && pthread_join(feeder, NULL) == 0);
	bounded();
	opens_again();
}

static void *
timed(void *account)
{
	opens(account);
	truth->ready++;
	while (!truth->go && mine->records < EACH / 2)
		mark(1);
	closes();
	while (!truth->go)
		(void)sched_yield();
	return NULL;
}

/* SIGPROF every millisecond, to whichever LWP is running, while all make calls. */
static void
profiled(void)
{
	struct itimerval each = { { 0, 1000 }, { 0, 1000 } }, none = { 0 };
	pthread_t others[LWPS];

	closes();
	handle(SIGPROF, SA_RESTART);
	for (int i = 0; i < LWPS; i++)
		others[i] = creates(timed);
	/* The handler writes to the account of its LWP, which takes that itself. */
	while (truth->ready < LWPS)
		(void)sched_yield();
	WANT(setitimer(ITIMER_PROF, &each, NULL) == 0);
	opens_again();
	mark(3000);
	closes();
	truth->go = 1;
	for (int i = 0; i < LWPS; i++)
		WANT(pthread_join(others[i], NULL) == 0);
	WANT(setitimer(ITIMER_PROF, &none, NULL) == 0);
	opens_again();
}

/* Real-time signals wait in a queue, and come in order, each once. */
static void
queued(void)
{
	sigset_t rt;

	closes();
	handle(SIGRTMIN + 1, 0);
	WANT(sigemptyset(&rt) == 0 && sigaddset(&rt, SIGRTMIN + 1) == 0 && sigprocmask(SIG_BLOCK, &rt, NULL) == 0);
	for (int i = 0; i < QUEUED; i++)
		WANT(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i }) == 0);
	WANT(sigprocmask(SIG_UNBLOCK, &rt, NULL) == 0);
	opens_again();
}

/* Its handler is ready; the test sends it its signals. */
static void
receiving(void)
{
	closes();
	handle(SIGUSR1, SA_RESTART);
	truth->ready = 1;
	opens_again();
	mark(100);
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } cases[] = {
		{ "each", each }, { "fatal", fatal }, { "traps", traps }, { "stopped", stopped },
		{ "interrupted", interrupted }, { "profiled", profiled }, { "queued", queued },
		{ "receiving", receiving },
	};

	WANT(argc >= 3);
	bounded();
	map_truth(argv[1], ROOM, EACH);
	opens(account(ROOT));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[2]) == 0) {
			cases[i].run();
			mark(MARKS);
			exits(11);
		}
	return 1;
}
