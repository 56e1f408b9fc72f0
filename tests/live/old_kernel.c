/*
 * A library that is loaded before all others into a tracer (LD_PRELOAD): to it, the kernel is one from before Linux 5.3,
 * which has no PTRACE_GET_SYSCALL_INFO, and was built without CONFIG_PROC_CHILDREN. What the tracer starts is left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>

#include "preloaded.h"

static long (*real_ptrace)(int, ...);
static FILE *(*real_fopen)(const char *, const char *);
static int (*real_access)(const char *, int);

__attribute__((constructor)) static void
begin(void)
{
	find(&real_ptrace, "ptrace");
	find(&real_fopen, "fopen");
	find(&real_access, "access");
	(void)unsetenv("LD_PRELOAD");
}

long
ptrace(enum __ptrace_request request, ...)
{
	va_list args;

	va_start(args, request);
	pid_t lwp = va_arg(args, pid_t);
	void *addr = va_arg(args, void *), *data = va_arg(args, void *);
	va_end(args);
	if (request == PTRACE_GET_SYSCALL_INFO) {
		errno = EIO;
		return -1;
	}
	return real_ptrace((int)request, lwp, addr, data);
}

static int
is_missing(const char *path)
{
	size_t length = strlen(path);

	return strncmp(path, "/proc/", 6) == 0 && length > 9 && strcmp(path + length - 9, "/children") == 0;
}

FILE *
fopen(const char *path, const char *mode)
{
	if (!is_missing(path))
		return real_fopen(path, mode);
	errno = ENOENT;
	return NULL;
}

int
access(const char *path, int mode)
{
	if (!is_missing(path))
		return real_access(path, mode);
	errno = ENOENT;
	return -1;
}
