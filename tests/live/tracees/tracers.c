/*
 * tracers HOW: a program that traces a child of its own, counts the child's stops at calls, and says what
 * ptrace(2) has answered, and how the child has ended.
 *   traceme:  the child asks to be traced;
 *   seize:    the parent takes it, by PTRACE_SEIZE;
 *   untraced: the same, of a child that was made with CLONE_UNTRACED;
 *   watch:    as seize, and the child goes on until the end comes on standard input;
 *   parent:   the child wants to trace its parent;
 *   self:     the program asks its own parent to trace it.
 */
#include <sys/ptrace.h>

#include "tracee.h"

enum { CALLS = 1000 };

static struct shared {
	atomic_int enough;
	int calls;
} *shared;
static int go[2];

static int
answer(const char *what, long result)
{
	say("%s %ld %d", what, result, result < 0 ? errno : 0);
	return result == 0;
}

/* These calls and no others: they are counted. */
static void
make_calls(void)
{
	while (shared->calls < CALLS || !shared->enough) {
		(void)syscall(SYS_getppid);
		shared->calls++;
	}
	(void)syscall(SYS_exit_group, 17);
}

static pid_t
child(const char *how)
{
	unsigned long flags = strcmp(how, "untraced") == 0 ? CLONE_UNTRACED | SIGCHLD : SIGCHLD;
	pid_t parent = getpid();
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	char c;

	if (pid != 0)
		return pid;
	if (strcmp(how, "traceme") == 0) {
		if (answer("traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL)))
			(void)syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
	} else if (strcmp(how, "parent") == 0) {
		(void)answer("seize", ptrace(PTRACE_SEIZE, parent, NULL, NULL));
	} else {
		(void)syscall(SYS_read, go[0], &c, 1);
	}
	make_calls();
	return 0;
}

/* From the stop that it is in to its end: two stops for each call, one for the last. */
static int
count_stops(pid_t pid)
{
	int status, stops = 0;

	WANT(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0);
	for (;;) {
		WANT(ptrace(PTRACE_SYSCALL, pid, NULL, NULL) == 0);
		status = end_of(pid);
		if (!WIFSTOPPED(status))
			break;
		WANT(WSTOPSIG(status) == (SIGTRAP | 0x80));
		stops++;
	}
	say("stops %d %d", stops, shared->calls);
	return status;
}

static int
seize(pid_t pid)
{
	int ours = answer("seize", ptrace(PTRACE_SEIZE, pid, NULL, NULL));

	if (ours) {
		WANT(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0);
		WANT(WIFSTOPPED(end_of(pid)));
	}
	WANT(write(go[1], "", 1) == 1);
	say("child %d", (int)pid);
	return ours ? count_stops(pid) : end_of(pid);
}

/* Lets the child go on until somebody says that it is enough. */
static pid_t
watch(void)
{
	pid_t pid = fork();
	char c;

	if (pid == 0) {
		(void)read(0, &c, 1);
		shared->enough = 1;
		_exit(0);
	}
	return pid;
}

int
main(int argc, char **argv)
{
	int status;

	WANT(argc == 2 && pipe(go) == 0);
	bounded();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	WANT(shared != MAP_FAILED);
	if (strcmp(argv[1], "self") == 0) {
		(void)answer("traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
		return 0;
	}
	shared->enough = strcmp(argv[1], "watch") != 0;
	pid_t watcher = shared->enough ? 0 : watch();
	pid_t pid = child(argv[1]);
	if (strcmp(argv[1], "traceme") == 0 || strcmp(argv[1], "parent") == 0) {
		status = end_of(pid);
		if (WIFSTOPPED(status))
			status = count_stops(pid);
	} else {
		status = seize(pid);
	}
	say("end %d", status);
	if (watcher != 0)
		WANT(end_of(watcher) == 0);
	return 0;
}
