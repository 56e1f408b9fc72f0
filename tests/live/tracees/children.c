/*
 * children HOW END: one child, made in the way HOW, that ends in the way END. It says who traces it.
 * children: says so too, and exits with 17; what a child becomes by exec.
 */
#include <spawn.h>

#include "tracee.h"

static char *self;
static const char *end;
static char stack[64 * 1024] __attribute__((aligned(64)));

/* Who traces this process: as the kernel says. */
static int
tracer(void)
{
	char text[4096];

	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	WANT(n > 0 && close(fd) == 0);
	text[n] = '\0';
	const char *line = strstr(text, "\nTracerPid:");
	WANT(line != NULL);
	return atoi(line + strlen("\nTracerPid:"));
}

static int
run_child(void *arg)
{
	char *const argv[] = { self, NULL };

	(void)arg;
	say("tracer %d", tracer());
	say("me %d %d", (int)syscall(SYS_getpid), (int)syscall(SYS_getppid));
	if (strcmp(end, "exec") == 0)
		(void)syscall(SYS_execve, self, argv, environ);
	else if (strcmp(end, "noexec") == 0)
		(void)syscall(SYS_execve, "/nonexistent/program", argv, environ);
	else if (strcmp(end, "kill") == 0)
		(void)syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
	(void)syscall(SYS_exit_group, 17);
	return 0;
}

static pid_t
by_vfork(void)
{
	pid_t child = vfork();
	if (child == 0)
		(void)run_child(NULL);
	return child;
}

static pid_t
by_fork(void)
{
	pid_t child = fork();
	if (child == 0)
		(void)run_child(NULL);
	return child;
}

/* The raw call, for a child that has its own copy of the stack. */
static pid_t
by_clone(unsigned long flags)
{
	pid_t child = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	if (child == 0)
		(void)run_child(NULL);
	return child;
}

static pid_t
by_clone3(unsigned long flags, int exit_signal)
{
	struct clone_args args = { .flags = flags, .exit_signal = (unsigned)exit_signal };
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (child == 0)
		(void)run_child(NULL);
	return child;
}

/* The child of a child by CLONE_PARENT is a child of ours. */
static pid_t
by_grandchild(void)
{
	int fds[2];
	pid_t child;

	WANT(pipe(fds) == 0);
	pid_t middle = fork();
	if (middle == 0) {
		child = by_clone(CLONE_PARENT | SIGCHLD);
		WANT(write(fds[1], &child, sizeof(child)) == sizeof(child));
		_exit(0);
	}
	WANT(end_of(middle) == 0 && read(fds[0], &child, sizeof(child)) == sizeof(child));
	say("middle %d", (int)middle);
	return child;
}

static pid_t
by_spawn(const char *program)
{
	char *const argv[] = { self, NULL };
	pid_t child = 0;

	int error = posix_spawn(&child, program, NULL, NULL, argv, environ);
	say("spawn %d", error);
	return error == 0 ? child : -1;
}

/* A child of our parent's: we cannot wait for it, but it holds the pipe open. */
static void
sibling(void)
{
	int fds[2];
	char c;

	WANT(pipe(fds) == 0);
	pid_t child = by_clone(CLONE_PARENT | SIGCHLD);
	WANT(child > 0 && close(fds[1]) == 0 && read(fds[0], &c, 1) == 0);
	say("sibling %d", (int)child);
}

static pid_t
make(const char *how)
{
	char *top = stack + sizeof(stack);

	if (strcmp(how, "fork") == 0)
		return by_fork();
	if (strcmp(how, "vfork") == 0)
		return by_vfork();
	if (strcmp(how, "clone") == 0)
		return by_clone(SIGCHLD);
	if (strcmp(how, "clone-silent") == 0)
		return by_clone(0);
	if (strcmp(how, "clone-usr1") == 0)
		return by_clone(SIGUSR1);
	if (strcmp(how, "clone-files-fs") == 0)
		return by_clone(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | SIGCHLD);
	if (strcmp(how, "clone-untraced") == 0)
		return by_clone(CLONE_UNTRACED | SIGCHLD);
	if (strcmp(how, "clone-vfork") == 0)
		return by_clone(CLONE_VFORK | SIGCHLD);
	if (strcmp(how, "clone-vm") == 0)
		return clone(run_child, top, CLONE_VM | SIGCHLD, NULL);
	if (strcmp(how, "clone-vm-vfork") == 0)
		return clone(run_child, top, CLONE_VM | CLONE_VFORK, NULL);
	if (strcmp(how, "clone-parent") == 0)
		return by_grandchild();
	if (strcmp(how, "clone3") == 0)
		return by_clone3(0, SIGCHLD);
	if (strcmp(how, "clone3-silent") == 0)
		return by_clone3(CLONE_CLEAR_SIGHAND, 0);
	if (strcmp(how, "posix_spawn") == 0)
		return by_spawn(self);
	if (strcmp(how, "posix_spawn-fails") == 0)
		return by_spawn("/nonexistent/program");
	WANT(!"a way to make a child");
	return -1;
}

int
main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 1) {
		say("new %d", tracer());
		syscall(SYS_exit_group, 17);
	}
	end = argc > 2 ? argv[2] : "exit";
	(void)signal(SIGUSR1, SIG_IGN);
	if (strcmp(argv[1], "sibling") == 0) {
		sibling();
		return 0;
	}
	pid_t child = make(argv[1]);
	if (child < 0)
		return 3;
	int status = end_of(child);
	say("child %d %d %d", (int)getpid(), (int)child, status);
	return 0;
}
