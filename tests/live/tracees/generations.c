/*
 * generations FILE CASE [COUNT]: children of all kinds, each of which makes its marks. What each case does stands
 * at its function.
 */
#include <spawn.h>

#include "truth.h"

enum { ROOM = 400, EACH = 1200, MARKS = 4, STACK = 65536 };

static char *program;
static int count;

static void
works(int status)
{
	mark(MARKS);
	exits(status);
}

static void
vforked_exits(void)
{
	works(6);
}

static void
vforked_executes(void)
{
	mark(MARKS);
	(void)executes(program);
}

static void
vforked_dies(void)
{
	mark(MARKS);
	note(DIES, SIGKILL, UNSEEN, 0);
	(void)DO(SYS_kill, (uint64_t)mine->pid, SIGKILL);
}

static void
vforked_fails(void)
{
	WANT(executes("/nonexistent/program") == -ENOENT);
	works(8);
}

static void
vforked_forks(void)
{
	pid_t child = forks(FORKED, SIGCHLD);
	if (child == 0)
		works(9);
	WANT(waits(child) == 9 << 8);
	WANT(waits(vforks(vforked_exits)) == 6 << 8);
	works(10);
}

/* One child after the other, by fork. */
static void
forked(void)
{
	for (int i = 0; i < count; i++) {
		pid_t child = forks(FORKED, SIGCHLD);
		if (child == 0)
			works(i % 256);
		mark(1);
		WANT(waits(child) == i % 256 << 8);
	}
}

static void
vforked(void)
{
	WANT(waits(vforks(vforked_exits)) == 6 << 8);
	WANT(waits(vforks(vforked_executes)) == 7 << 8);
	WANT(WTERMSIG(waits(vforks(vforked_dies))) == SIGKILL);
}

static void
nested(void)
{
	WANT(waits(vforks(vforked_forks)) == 10 << 8);
	WANT(waits(vforks(vforked_fails)) == 8 << 8);
}

static void
spawned(void)
{
	struct account *child = account(VFORKED), *parent = mine;
	char number[16];
	char *argv[] = { program, (char *)truth_file, "image", number, NULL };
	pid_t pid;

	mine = child;
	(void)snprintf(number, sizeof(number), "%d", number_of(account(EXECUTED)));
	mine = parent;
	closes();
	WANT(posix_spawn(&pid, program, NULL, NULL, argv, environ) == 0);
	told_of(child, pid);
	opens_again();
	WANT(waits(pid) == 7 << 8);
	/* The C library waits for the child that could not. */
	(void)account(VFORKED);
	closes();
	WANT(posix_spawn(&pid, "/nonexistent/program", NULL, NULL, argv, environ) == ENOENT);
	opens_again();
}

/* By clone(2) with other flags, and by clone3(2). */
static void
cloned(void)
{
	const uint64_t flags[] = { CLONE_FILES | CLONE_FS | SIGCHLD, 0, CLONE_FILES, SIGUSR2, CLONE_VFORK | SIGCHLD };

	/* SIGUSR2 is one's end, too. */
	sigset_t usr2;
	closes();
	WANT(sigemptyset(&usr2) == 0 && sigaddset(&usr2, SIGUSR2) == 0 && sigprocmask(SIG_BLOCK, &usr2, NULL) == 0);
	opens_again();
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		pid_t child = forks(flags[i] & CLONE_VFORK ? VFORKED : FORKED, flags[i]);
		if (child == 0)
			works((int)i);
		WANT(waits(child) == (int)i << 8);
	}

	struct account *child = account(FORKED);
	struct clone_args args = { .exit_signal = SIGCHLD };
	struct record *record = enters(CALL, SYS_clone3, (const uint64_t[6]){ (uintptr_t)&args, sizeof(args) });
	long pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		opens(child);
		works(20);
	}
	told_of(child, (pid_t)leaves(record, pid));
	WANT(waits((pid_t)pid) == 20 << 8);
	/* Of this one, which has no account, nothing may be said. */
	record = enters(CALL, SYS_clone, (const uint64_t[6]){ CLONE_UNTRACED | SIGCHLD });
	pid = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		syscall(SYS_getppid);
		syscall(SYS_exit_group, 21);
	}
	WANT(leaves(record, pid) > 0 && DO(SYS_wait4, (uint64_t)pid) == pid);
}

static void
until_orphan_of(pid_t parent)
{
	while (getppid() == parent)
		(void)sched_yield();
}

/* COUNT children's children, that go on after the end of both before them; here, of their parent. */
static void
daemons(void)
{
	for (int i = 0; i < count; i++) {
		pid_t middle = forks(FORKED, SIGCHLD);
		if (middle == 0) {
			pid_t parent = mine->pid;
			WANT(DO(SYS_setsid) == parent);
			if (forks(FORKED, SIGCHLD) == 0) {
				closes();
				until_orphan_of(parent);
				opens_again();
				works(2);
			}
			works(1);
		}
		WANT(waits(middle) == 1 << 8);
	}
}

/* COUNT at once. */
static void
crowd(void)
{
	pid_t children[ROOM];

	for (int i = 0; i < count; i++) {
		children[i] = forks(FORKED, SIGCHLD);
		if (children[i] == 0) {
			closes();
			while (!truth->ready)
				(void)sched_yield();
			opens_again();
			works(i % 256);
		}
	}
	truth->ready = 1;
	for (int i = 0; i < count; i++)
		WANT(waits(children[i]) == i % 256 << 8);
}

/* The same pid again and again. For root. */
static void
reused(void)
{
	pid_t pid = forks(FORKED, SIGCHLD);

	if (pid == 0)
		works(0);
	WANT(waits(pid) == 0);
	for (int i = 1; i < count; i++) {
		struct account *child = account(FORKED);
		struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
		struct record *record = enters(CALL, SYS_clone3,
		    (const uint64_t[6]){ (uintptr_t)&args, sizeof(args) });
		long got = syscall(SYS_clone3, &args, sizeof(args));
		if (got == 0) {
			opens(child);
			works(i);
		}
		WANT(leaves(record, got) == pid);
		told_of(child, pid);
		WANT(waits(pid) == i << 8);
	}
}

/* execve fails, for one reason after the other. */
static void
unfit(void)
{
	static char big[1 << 20];
	char file[512];

	memset(big, 'x', sizeof(big) - 1);
	char *const argv[] = { program, big, big, big, NULL };
	(void)snprintf(file, sizeof(file), "%s.empty", truth_file);
	closes();
	int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	WANT(fd >= 0 && close(fd) == 0);
	opens_again();
	WANT(executes("/nonexistent/program") == -ENOENT);
	WANT(executes("/proc") == -EACCES);
	WANT(executes(file) == -ENOEXEC);
	WANT(DO(SYS_execve, (uintptr_t)program, (uintptr_t)argv, (uintptr_t)environ) == -E2BIG);
	WANT(executes("/proc/self/exe/program") == -ENOTDIR);
}

/* Processes in a pid namespace of their own, whose first kills what is left when it ends. For root. */
static void
namespaced(void)
{
	truth->inside = 1;
	pid_t first = forks(FORKED, CLONE_NEWPID | SIGCHLD);
	if (first == 0) {
		WANT(DO(SYS_getpid) == 1);
		pid_t child = forks(FORKED, SIGCHLD);
		if (child == 0)
			works(5);
		WANT(child == 2 && DO(SYS_wait4, 2, 0, 0) == 2);
		if (forks(FORKED, SIGCHLD) == 0)
			for (;;)
				(void)DO(SYS_ppoll);
		closes();
		while (accounts()[truth->used - 1].pid == 0)
			(void)sched_yield();
		until_state(accounts()[truth->used - 1].lwp, 'S');
		opens_again();
		works(6);
	}
	WANT(waits(first) == 6 << 8);
}

/* Forks without an end, two deep: for the test to kill. */
static void
storm(void)
{
	for (;;) {
		pid_t child = forks(FORKED, SIGCHLD);
		if (child == 0) {
			child = forks(FORKED, SIGCHLD);
			mark(MARKS);
			if (child != 0)
				(void)waits(child);
			exits(3);
		}
		mark(1);
		(void)waits(child);
		if (truth->used > ROOM - 4 || mine->records > EACH - 20)
			for (;;)
				(void)DO(SYS_ppoll);
	}
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } cases[] = {
		{ "forked", forked }, { "vforked", vforked }, { "nested", nested }, { "spawned", spawned },
		{ "cloned", cloned }, { "daemons", daemons }, { "crowd", crowd }, { "reused", reused }, { "storm", storm },
		{ "unfit", unfit }, { "namespaced", namespaced },
	};

	WANT(argc >= 3);
	bounded();
	program = argv[0];
	map_truth(argv[1], ROOM, EACH);
	if (is_image(argv))
		works(7);
	count = argc > 3 ? atoi(argv[3]) : 1;
	opens(account(ROOT));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[2]) == 0) {
			cases[i].run();
			works(11);
		}
	return 1;
}
