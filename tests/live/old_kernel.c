/*
 * A library that is loaded before all others into a tracer (LD_PRELOAD): to it, the kernel is one from before Linux 5.3,
 * which has no PTRACE_GET_SYSCALL_INFO. What the tracer starts is left alone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>

static long (*real_ptrace)(int, ...);

__attribute__((constructor)) static void
begin(void)
{
	void *found = dlsym(RTLD_NEXT, "ptrace");

	if (found == NULL)
		abort();
	memcpy(&real_ptrace, &found, sizeof(found));
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
