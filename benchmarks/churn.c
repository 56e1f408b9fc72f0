/*
 * A program that does at random what is hard to trace: children of all kinds, threads, signals, stops,
 * timers, execve from any thread, and ends of all kinds; it is soon over. The second form has threads that
 * come and go until its input ends, and then ends with 9.
 *
 * usage: churn SEED STEPS DEPTH
 *        churn SEED
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *self;
static int stays;	/* to its end: no execve */
static __thread uint64_t state;

static void churn(int steps, int depth);

static int
chance(int of)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (int)((state >> 33) % (uint64_t)of);
}

static void
handler(int signo)
{
	(void)signo;
}

static void
nap(void)
{
	struct timespec moment = { .tv_nsec = chance(2000000) };
	(void)nanosleep(&moment, NULL);
}

static void
calls(void)
{
	for (int n = chance(30); n > 0; n--)
		(void)getppid();
}

static void
again(int steps, int depth)
{
	char words[3][24];

	(void)snprintf(words[0], sizeof(words[0]), "%d", chance(1 << 30));
	(void)snprintf(words[1], sizeof(words[1]), "%d", steps);
	(void)snprintf(words[2], sizeof(words[2]), "%d", depth);
	(void)execl(self, self, words[0], words[1], words[2], (char *)NULL);
	_exit(127);
}

static void *
thread(void *arg)
{
	state = (uint64_t)(uintptr_t)arg;
	for (int n = chance(4); n >= 0; n--) {
		calls();
		nap();
	}
	if (!stays && chance(40) == 0)
		again(chance(3), 0);
	return NULL;
}

static void
begin_thread(void)
{
	pthread_t made;

	if (pthread_create(&made, NULL, thread, (void *)(uintptr_t)chance(1 << 30)) == 0)
		(void)pthread_detach(made);
}

static void
child(int depth)
{
	int next = chance(1 << 30);
	pid_t pid = fork();
	if (pid == 0) {
		state = (uint64_t)next;
		churn(chance(4), depth - 1);
	}
	if (pid > 0 && chance(3) != 0)
		(void)waitpid(pid, NULL, 0);
	else if (pid > 0 && chance(3) == 0)
		(void)kill(pid, SIGKILL);
}

static void
stop(void)
{
	pid_t me = getpid(), pid = fork();

	if (pid == 0) {
		nap();
		/* Until it has gone on, and kills us: one SIGCONT may come before the stop. */
		for (int n = 0; n < 20000 && getppid() == me; n++) {
			struct timespec moment = { .tv_nsec = 1000000 };
			(void)kill(me, SIGCONT);
			(void)nanosleep(&moment, NULL);
		}
		_exit(0);
	}
	if (pid > 0) {
		(void)raise(SIGSTOP);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

static void
timer(void)
{
	struct itimerval soon = { .it_value = { .tv_usec = 1 + chance(1000) } };
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	nap();
}

static void
step(int steps, int depth)
{
	switch (chance(12)) {
	case 0:
	case 1:
		if (depth > 0)
			child(depth);
		break;
	case 2:
		if (depth > 0 && vfork() == 0)
			again(chance(2), depth - 1);
		break;
	case 3:
	case 4:
		begin_thread();
		break;
	case 5:
		(void)raise(chance(2) ? SIGUSR1 : SIGCHLD);
		break;
	case 6:
		if (depth > 0)
			stop();
		break;
	case 7:
		timer();
		break;
	case 8:
		if (chance(4) == 0)
			again(steps, depth);
		break;
	case 9:
		nap();
		break;
	default:
		calls();
	}
}

static void
churn(int steps, int depth)
{
	while (steps-- > 0)
		step(steps, depth);
	switch (chance(8)) {
	case 0:
		(void)raise(SIGKILL);
		break;
	case 1:
		(void)raise(SIGTERM);
		break;
	case 2:
		(void)pthread_kill(pthread_self(), SIGSEGV);
		break;
	case 3:
		pthread_exit(NULL);
	}
	_exit(chance(256));
}

__attribute__((noreturn)) static void *
work(void *arg)
{
	state = (uint64_t)(uintptr_t)arg;
	for (;;) {
		calls();
		nap();
		if (chance(10) == 0)
			begin_thread();
	}
}

int
main(int argc, char **argv)
{
	struct sigaction act = { .sa_handler = handler, .sa_flags = SA_RESTART };
	pthread_t worker;
	char byte;

	self = argv[0];
	if (argc != 2 && argc != 4)
		return 2;
	state = strtoull(argv[1], NULL, 10);
	(void)sigaction(SIGUSR1, &act, NULL);
	(void)sigaction(SIGALRM, &act, NULL);
	if (argc == 4)
		churn(atoi(argv[2]), atoi(argv[3]));
	stays = 1;
	if (pthread_create(&worker, NULL, work, (void *)(uintptr_t)state) != 0)
		return 1;
	while (read(0, &byte, 1) != 0)
		continue;
	return 9;
}
