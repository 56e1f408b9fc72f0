/*
 * What the tracees share that are the same on every system: POSIX alone, and no /proc. They print what they
 * see as lines of a word and numbers, one write each, and the test compares.
 */
#ifndef PORTABLE_TRACEE_H
#define PORTABLE_TRACEE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* One write: lines of several LWPs are not mixed, for the file is opened with O_APPEND. */
__attribute__((unused, format(printf, 1, 2))) static void
say(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[n++] = '\n';
	if (write(1, line, (size_t)n) != n)
		_exit(98);
}

/* Ends the tracee with a status that no test asks for. */
#define WANT(true) ((true) ? (void)0 : unwanted(#true, __LINE__))

__attribute__((unused, noreturn)) static void
unwanted(const char *what, int line)
{
	(void)dprintf(2, "tracee: line %d: not so: %s (errno %d)\n", line, what, errno);
	_exit(99);
}

/* For one that a test may leave behind: nobody waits for ever. */
__attribute__((unused)) static void
bounded(void)
{
	(void)alarm(120);
}

__attribute__((unused)) static int
is(const char *word, const char *other)
{
	return strcmp(word, other) == 0;
}

__attribute__((unused)) static int
end_of(pid_t child)
{
	int status;
	pid_t got;

	do
		got = waitpid(child, &status, 0);
	while (got < 0 && errno == EINTR);
	WANT(got == child);
	return status;
}

__attribute__((unused)) static pthread_t
start(void *(*run)(void *), void *arg)
{
	pthread_t thread;
	WANT(pthread_create(&thread, NULL, run, arg) == 0);
	return thread;
}

__attribute__((unused)) static void
on(int signo, void (*handler)(int), int flags)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sa.sa_flags = flags;
	WANT(sigaction(signo, &sa, NULL) == 0);
}

#endif
