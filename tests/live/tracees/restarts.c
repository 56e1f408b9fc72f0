/*
 * restarts CALL HOW: an LWP asleep in CALL (read, poll, nanosleep, pause) gets a signal that is handled,
 * HOW: restart (SA_RESTART), once (without), or harmless (SIGURG, ignored by default). Then it gets what it
 * waits for. Prints the LWP, and the result and the errno of its call.
 */
#include "tracee.h"

static const char *call;
static int handled;
static int ends[2];
static _Atomic pid_t sleeper;
static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	(void)signo;
	caught++;
}

static void *
sleeps(void *arg)
{
	struct pollfd wait = { .fd = ends[0], .events = POLLIN };
	/* Long enough to be interrupted by all means; where no handler ends it, short enough to be waited for. */
	const struct timespec time = { .tv_sec = handled ? 100 : 3 };
	long result;
	char c;

	sleeper = gettid();
	errno = 0;
	if (strcmp(call, "read") == 0)
		result = syscall(SYS_read, ends[0], &c, 1);
	else if (strcmp(call, "poll") == 0)
		result = syscall(SYS_poll, &wait, 1, -1);
	else
		result = syscall(SYS_nanosleep, &time, NULL);
	int error = errno;
	say("call %d %ld %d", (int)sleeper, result, error);
	return arg;
}

/* Whether an LWP has a signal of its own that it has not yet taken. */
static int
is_pending(pid_t lwp)
{
	char path[64], line[128];
	unsigned long long pending = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/status", (int)lwp);
	FILE *file = fopen(path, "re");
	WANT(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "SigPnd: %llx", &pending) == 1)
			break;
	(void)fclose(file);
	return pending != 0;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };

	WANT(argc == 3);
	bounded();
	call = argv[1];
	handled = strcmp(argv[2], "harmless") != 0;
	int signo = handled ? SIGUSR1 : SIGURG;
	if (strcmp(argv[2], "restart") == 0)
		action.sa_flags = SA_RESTART;
	WANT(sigaction(SIGUSR1, &action, NULL) == 0 && pipe(ends) == 0);
	pthread_t thread = start(sleeps, NULL);
	while (sleeper == 0)
		(void)sched_yield();
	/* Between setting `sleeper` and the call there is nothing else to sleep in. */
	until_state(sleeper, 'S');
	WANT(syscall(SYS_tgkill, getpid(), sleeper, signo) == 0);
	if (handled) {
		while (caught == 0)
			(void)sched_yield();
	} else {
		/* Not to be missed: it wakes with what it waits for, if that is there first. */
		while (is_pending(sleeper))
			(void)sched_yield();
		if (strcmp(call, "nanosleep") != 0)
			until_state(sleeper, 'S');
	}
	WANT(write(ends[1], "", 1) == 1);
	WANT(pthread_join(thread, NULL) == 0);
	say("caught %d", (int)caught);
	return 0;
}
