/*
 * Many that call getppid at once: they begin when all are there.
 *
 * usage: crowd threads|processes N CALLS     so many in all
 *        crowd fair N SECONDS                N threads, for so long: the fewest and the most calls of one
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 4096, STACK = 65536 };

static long each;
static atomic_int over;
static pthread_barrier_t barrier;
static long counts[MOST];

static void
calls(long n)
{
	while (n-- > 0)
		(void)syscall(SYS_getppid);
}

static void *
some(void *arg)
{
	pthread_barrier_wait(&barrier);
	calls(each);
	return arg;
}

static void *
until_over(void *arg)
{
	long n = 0;

	pthread_barrier_wait(&barrier);
	for (; !over; n++)
		(void)syscall(SYS_getppid);
	counts[(size_t)arg] = n;
	return NULL;
}

static void
threads(size_t n, void *(*run)(void *), int seconds)
{
	static pthread_t ids[MOST];
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_barrier_init(&barrier, NULL, (unsigned)n + 1);
	for (size_t i = 0; i < n; i++)
		if (pthread_create(&ids[i], &attr, run, (void *)i) != 0)
			exit(1);
	pthread_barrier_wait(&barrier);
	if (run == until_over) {
		sleep((unsigned)seconds);
		over = 1;
	}
	for (size_t i = 0; i < n; i++)
		pthread_join(ids[i], NULL);
}

static void
processes(size_t n)
{
	int ends[2];
	char byte;

	if (pipe(ends) < 0)
		exit(1);
	for (size_t i = 0; i < n; i++)
		if (fork() == 0) {
			close(ends[1]);
			if (read(ends[0], &byte, 1) == 0)	/* closed by the last who had it: all are there */
				calls(each);
			_exit(0);
		}
	close(ends[1]);
	while (wait(NULL) > 0)
		continue;
}

int
main(int argc, char **argv)
{
	size_t n = argc == 4 ? (size_t)atol(argv[2]) : 0;
	long amount = argc == 4 ? atol(argv[3]) : 0;

	if (n < 1 || n > MOST)
		return 2;
	each = amount / (long)n;
	if (strcmp(argv[1], "threads") == 0) {
		threads(n, some, 0);
	} else if (strcmp(argv[1], "processes") == 0) {
		processes(n);
	} else {
		threads(n, until_over, (int)amount);
		long fewest = counts[0], most = counts[0];
		for (size_t i = 1; i < n; i++) {
			fewest = counts[i] < fewest ? counts[i] : fewest;
			most = counts[i] > most ? counts[i] : most;
		}
		printf("%ld %ld\n", fewest, most);
	}
	return 0;
}
