/*
 * stacks HOW [FILE ...]: getppid(2) by functions whose names are known. HOW: plain; deep, of many; sorted, from a function of the C
 * library; thread; handler, of a signal; loaded, from each of these libraries in turn, with the one before it taken
 * away; anew, plain in this file, which is executed; removed, when this file, its own, is gone.
 *
 * With LOADED it is such a library, and that the function's name.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Kept as it is, and none of its frames given to what it calls last. */
#define KEPT __attribute__((noinline, noclone))

volatile int counted;

#ifdef LOADED

KEPT void
LOADED(void)
{
	counted += getppid();
	counted++;
}

#else

KEPT static void
inner(void)
{
	counted += getppid();
	counted++;
}

KEPT static void
outer(void)
{
	inner();
	counted++;
}

KEPT static void
deeper(int n)
{
	if (n == 0)
		inner();
	else
		deeper(n - 1);
	counted++;
}

KEPT static int
compare(const void *one, const void *other)
{
	inner();
	return *(const int *)one - *(const int *)other;
}

KEPT static void *
begin(void *arg)
{
	outer();
	counted++;
	return arg;
}

KEPT static void
handle(int signo)
{
	(void)signo;
	inner();
	counted++;
}

static void
load(const char *file)
{
	void *library = dlopen(file, RTLD_NOW);
	void (*function)(void);

	if (library == NULL)
		abort();
	*(void **)&function = dlsym(library, strstr(file, "second") != NULL ? "second" : "first");
	function();
	if (dlclose(library) != 0)
		abort();
}

int
main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int numbers[2] = { 2, 1 };
	pthread_t thread;

	if (strcmp(how, "plain") == 0) {
		outer();
	} else if (strcmp(how, "deep") == 0) {
		deeper(1000);
	} else if (strcmp(how, "sorted") == 0) {
		qsort(numbers, 2, sizeof(numbers[0]), compare);
	} else if (strcmp(how, "thread") == 0) {
		if (pthread_create(&thread, NULL, begin, NULL) != 0 || pthread_join(thread, NULL) != 0)
			abort();
	} else if (strcmp(how, "handler") == 0) {
		if (signal(SIGUSR1, handle) == SIG_ERR || raise(SIGUSR1) != 0)
			abort();
	} else if (strcmp(how, "loaded") == 0) {
		for (int i = 2; i < argc; i++)
			load(argv[i]);
	} else if (strcmp(how, "removed") == 0 && argc > 2) {
		if (unlink(argv[2]) != 0)
			abort();
		outer();
	} else if (strcmp(how, "anew") == 0 && argc > 2) {
		outer();
		(void)execl(argv[2], argv[2], "plain", NULL);
		abort();
	} else {
		abort();
	}
	return 0;
}

#endif
