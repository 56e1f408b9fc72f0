/*
 * untraced HOW: a child that asks not to be traced (CLONE_UNTRACED), made by HOW: clone, clone3, vfork, thread. It
 * calls getpgid, and so does a child of its own (a thread makes none); each says what it has got and its errno, and
 * its maker what is in the flags after the call.
 */
#include "tracee.h"

enum { STACK = 65536 };

static void
call(const char *who)
{
	long result = syscall(SYS_getpgid, 0);
	say("%s %ld %d", who, result, result < 0 ? errno : 0);
}

static void
child(void)
{
	call("child");
	pid_t pid = fork();
	if (pid == 0) {
		call("grandchild");
		_exit(3);
	}
	_exit(end_of(pid) >> 8);
}

/* The first argument is said as its register has it after the call, in the maker. */
static pid_t
by_clone(unsigned long flags)
{
#ifdef __x86_64__
	long result;
	unsigned long first = flags;
	register long r10 __asm__("r10") = 0, r8 __asm__("r8") = 0;
	__asm__ volatile("syscall" : "=a"(result), "+D"(first) : "a"(SYS_clone), "S"(0), "d"(0), "r"(r10), "r"(r8)
	    : "rcx", "r11", "memory");
	if (result == 0)
		child();
	say("flags %lu %lu", first, flags);
	return (pid_t)result;
#else
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (pid == 0)
		child();
	say("flags %lu %lu", flags, flags);
	return pid;
#endif
}

static pid_t
by_clone3(void)
{
	struct clone_args args = { .flags = CLONE_UNTRACED, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child();
	say("flags %llu %lu", (unsigned long long)args.flags, (unsigned long)CLONE_UNTRACED);
	return pid;
}

static int
in_thread(void *arg)
{
	call("child");
	*(atomic_int *)arg = 1;
	(void)syscall(SYS_exit, 0);
	return 0;
}

static void
by_thread(void)
{
	static char stack[STACK] __attribute__((aligned(16)));
	static atomic_int done;
	const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	WANT(clone(in_thread, stack + STACK, flags | CLONE_UNTRACED, &done) > 0);
	while (!done)
		(void)sched_yield();
}

int
main(int argc, char **argv)
{
	pid_t pid = 0;

	WANT(argc == 2);
	bounded();
	if (strcmp(argv[1], "clone") == 0)
		pid = by_clone(CLONE_UNTRACED | SIGCHLD);
	else if (strcmp(argv[1], "vfork") == 0)
		pid = by_clone(CLONE_UNTRACED | CLONE_VFORK | SIGCHLD);
	else if (strcmp(argv[1], "clone3") == 0)
		pid = by_clone3();
	else
		by_thread();
	if (pid != 0)
		say("status %d", end_of(pid));
	call("maker");
	return 0;
}
