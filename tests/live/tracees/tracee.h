/*
 * What all tracees share: they print what they see as lines of a word and numbers, one write each, and
 * the test compares.
 */
#ifndef TRACEE_H
#define TRACEE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
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
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

/* What rt_sigaction(2) takes. libc's own keeps two signals to itself, and the way back. */
struct action {
	void *handler;
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};
#ifdef __x86_64__
#define RESTORER 0x04000000ul	/* SA_RESTORER: x86-64 asks for it */
#else
#define RESTORER 0ul
#endif

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

/* The state of an LWP as /proc has it: R, S, D, T, t, Z; 0: it is gone. */
__attribute__((unused)) static char
state_of(pid_t lwp)
{
	char path[64], text[256];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)lwp);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *end = strrchr(text, ')');	/* the name may itself hold anything */
	return end != NULL ? end[2] : 0;
}

__attribute__((unused)) static void
until_state(pid_t lwp, char state)
{
	while (state_of(lwp) != state)
		(void)sched_yield();
}

/* The end of a child, whatever signal it was to send: __WALL. */
__attribute__((unused)) static int
end_of(pid_t child)
{
	int status;
	pid_t got;

	do
		got = waitpid(child, &status, __WALL);
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

#endif
