/*
 * What a tracer makes of calls, as the program sees it.
 *
 * altered writes FILE: a line of six bytes to the file, ten times.
 * altered ids: getpid and getppid, while SIGUSR1 is handled and calls go on after it.
 * altered unlinks FILE: tries to remove it.
 * altered lwps LWPS ROUNDS: so many LWPs add up what getppid gives them.
 * altered leaves: its first LWP makes a getppid that does not return, and another outlives it.
 * altered asks: until its input ends, getppid, and a line for each result that is not the first one.
 */
#include "tracee.h"

static int rounds;
static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	(void)signo;
	caught++;
}

static void
told(const char *what, long result)
{
	int error = result == -1 ? errno : 0;
	say("%s %ld %d", what, result, error);
}

static void
writes(const char *path)
{
	char line[] = "line0\n";

	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	WANT(fd >= 0);
	for (int i = 0; i < 10; i++, line[4]++)
		told("write", write(fd, line, 6));
}

static void
ids(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	WANT(sigaction(SIGUSR1, &action, NULL) == 0);
	errno = 0;
	told("getpid", syscall(SYS_getpid));
	told("getppid", syscall(SYS_getppid));
	say("caught %d", (int)caught);
}

static void *
adds(void *arg)
{
	unsigned long sum = 0;

	for (int i = 0; i < rounds; i++)
		sum += (unsigned long)syscall(SYS_getppid);
	say("lwp %d %lu", (int)gettid(), sum);
	return arg;
}

static void
lwps(int n)
{
	pthread_t threads[64];

	WANT(n <= 64);
	for (int i = 0; i < n; i++)
		threads[i] = start(adds, NULL);
	for (int i = 0; i < n; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
}

static void
asks(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };
	long parent = syscall(SYS_getppid), other;

	say("asking %ld", parent);
	while (poll(&input, 1, 1) == 0)
		if ((other = syscall(SYS_getppid)) != parent)
			say("other %ld", other);
	say("done %ld", syscall(SYS_getppid));
}

static void *
outlives(void *arg)
{
	until_state(getpid(), 'Z');
	say("alone");
	_exit(5);
	return arg;
}

int
main(int argc, char **argv)
{
	bounded();
	if (argc == 3 && strcmp(argv[1], "writes") == 0)
		writes(argv[2]);
	else if (argc == 3 && strcmp(argv[1], "unlinks") == 0)
		told("unlink", unlink(argv[2]));
	else if (argc == 2 && strcmp(argv[1], "asks") == 0)
		asks();
	else if (argc == 2 && strcmp(argv[1], "leaves") == 0)
		(void)start(outlives, NULL), (void)syscall(SYS_getppid);
	else if (argc == 4)
		rounds = atoi(argv[3]), lwps(atoi(argv[2]));
	else
		ids();
	return 0;
}
