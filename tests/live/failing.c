/*
 * A library that is loaded before all others into a tracer (LD_PRELOAD), and has one of its calls go wrong:
 *
 *   FAILING=KIND:NTH:ERRNO  that call fails;
 *   FAILING=KIND:NTH:kill   just before it, the process that it is about is killed, and is a zombie;
 *   FAILING=KIND:0:FILE     none does; how many there were is written to that file in the end.
 *
 * STRUCK is the name of a file that is made when that call has come, and there was somebody to kill.
 *
 * KIND is ptrace, wait, read (process_vm_readv), write (pwrite, into its memory) or proc (open of what /proc has of a
 * process). What the tracer starts is left alone: the variables are taken out of the environment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "preloaded.h"

enum kind { PTRACE, WAIT, READ, WRITE, PROC, KINDS };

static const char *const names[KINDS] = { "ptrace", "wait", "read", "write", "proc" };
static atomic_int counts[KINDS];
static int planned = -1, nth, error;
static char count_file[4096], struck_file[4096];
static pid_t owner;
static _Atomic pid_t last;	/* the LWP that the last call was about */

/* What the tracer's own calls go on to. */
static long (*real_ptrace)(int, ...);
static pid_t (*real_wait4)(pid_t, int *, int, struct rusage *);
static pid_t (*real_waitpid)(pid_t, int *, int);
static int (*real_waitid)(idtype_t, id_t, siginfo_t *, int);
static ssize_t (*real_readv)(pid_t, const struct iovec *, unsigned long, const struct iovec *, unsigned long,
    unsigned long);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_open)(const char *, int, ...);

__attribute__((constructor)) static void
begin(void)
{
	char kind[16], rest[4096];
	const char *plan = getenv("FAILING"), *struck = getenv("STRUCK");

	find(&real_ptrace, "ptrace");
	find(&real_wait4, "wait4");
	find(&real_waitpid, "waitpid");
	find(&real_waitid, "waitid");
	find(&real_readv, "process_vm_readv");
	find(&real_pwrite, "pwrite");
	find(&real_open, "open");
	owner = getpid();
	if (plan == NULL || sscanf(plan, "%15[a-z]:%d:%4095s", kind, &nth, rest) != 3)
		abort();
	for (int i = 0; i < KINDS; i++)
		if (strcmp(kind, names[i]) == 0)
			planned = i;
	if (nth == 0)
		(void)snprintf(count_file, sizeof(count_file), "%s", rest);
	else if (strcmp(rest, "kill") != 0)
		error = atoi(rest);
	if (struck != NULL)
		(void)snprintf(struck_file, sizeof(struck_file), "%s", struck);
	(void)unsetenv("FAILING");
	(void)unsetenv("STRUCK");
	(void)unsetenv("LD_PRELOAD");
}

__attribute__((destructor)) static void
end(void)
{
	if (count_file[0] == '\0' || getpid() != owner)
		return;
	int fd = real_open(count_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (int i = 0; i < KINDS; i++)
		(void)dprintf(fd, "%s %d\n", names[i], counts[i]);
	(void)close(fd);
}

/* A field of /proc/LWP/status, as text; empty: it is gone. */
static void
field_of(pid_t lwp, const char *field, char *value, size_t size)
{
	char path[64], status[4096];

	value[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)lwp);
	int fd = real_open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	ssize_t n = read(fd, status, sizeof(status) - 1);
	(void)close(fd);
	status[n > 0 ? n : 0] = '\0';
	const char *line = strstr(status, field);
	if (line != NULL)
		(void)snprintf(value, size, "%s", line + strlen(field) + strspn(line + strlen(field), " \t"));
}

/* 1: it is a zombie then, or gone; or it stands where it is about to end, and two seconds have passed. 0: it was gone. */
static int
kill_now(pid_t lwp)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char value[64];

	field_of(lwp, "\nTgid:", value, sizeof(value));
	pid_t process = atoi(value);
	if (process <= 1 || process == owner)
		return 0;
	(void)kill(process, SIGKILL);
	for (int i = 0; i < 2000; i++) {
		field_of(lwp, "\nState:", value, sizeof(value));
		if (value[0] == '\0' || value[0] == 'Z' || value[0] == 'X')
			break;
		(void)nanosleep(&pause, NULL);
	}
	return 1;
}

static void
tell(void)
{
	int fd = real_open(struck_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
}

/* 1: this call is to fail, with errno. */
static int
fails(enum kind kind, pid_t lwp)
{
	if (getpid() != owner)
		return 0;
	if (lwp > 0)
		last = lwp;
	if (++counts[kind] != nth || (int)kind != planned)
		return 0;
	if (error != 0 || (last > 0 && kill_now(last)))
		tell();
	errno = error;
	return error != 0;
}

long
ptrace(enum __ptrace_request request, ...)
{
	va_list args;

	va_start(args, request);
	pid_t lwp = va_arg(args, pid_t);
	void *addr = va_arg(args, void *), *data = va_arg(args, void *);
	va_end(args);
	return fails(PTRACE, lwp) ? -1 : real_ptrace((int)request, lwp, addr, data);
}

pid_t
wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	return fails(WAIT, pid) ? -1 : real_wait4(pid, status, options, usage);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	return fails(WAIT, pid) ? -1 : real_waitpid(pid, status, options);
}

int
waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	return fails(WAIT, type == P_PID ? (pid_t)id : 0) ? -1 : real_waitid(type, id, info, options);
}

ssize_t
process_vm_readv(pid_t lwp, const struct iovec *to, unsigned long n, const struct iovec *from, unsigned long m,
    unsigned long flags)
{
	return fails(READ, lwp) ? -1 : real_readv(lwp, to, n, from, m, flags);
}

ssize_t
pwrite(int file, const void *data, size_t size, off_t place)
{
	return fails(WRITE, 0) ? -1 : real_pwrite(file, data, size, place);
}

static int
of_process(const char *path)
{
	int lwp;

	return sscanf(path, "/proc/%d/", &lwp) == 1 ? lwp : 0;
}

int
open(const char *path, int flags, ...)
{
	va_list args;
	pid_t lwp = of_process(path);

	va_start(args, flags);
	mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return lwp > 0 && fails(PROC, lwp) ? -1 : real_open(path, flags, mode);
}
