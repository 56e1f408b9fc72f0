/*
 * The floor: the least that a tracer which sees every system call can do. wait4 and PTRACE_SYSCALL,
 * nothing is read, nothing is written. With -i it asks what each stop is, and forgets it: the least that one can do which
 * says something.
 *
 * usage: floor [-i] command [arg ...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	int status, asks = argc > 1 && strcmp(argv[1], "-i") == 0;
	char info[96];

	argv += asks;
	if (argc < 2 + asks) {
		fprintf(stderr, "usage: floor [-i] command [arg ...]\n");
		return 2;
	}
	pid_t root = fork();
	if (root == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	/* The SIGTRAP of the exec: the first stop. */
	if (waitpid(root, &status, 0) != root || !WIFSTOPPED(status))
		return 125;
	ptrace(PTRACE_SETOPTIONS, root, NULL,
	    (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
	    PTRACE_O_TRACEVFORK | PTRACE_O_EXITKILL));
	ptrace(PTRACE_SYSCALL, root, NULL, NULL);
	for (pid_t pid; (pid = wait4(-1, &status, __WALL, NULL)) > 0;) {
		if (!WIFSTOPPED(status))
			continue;
		int signo = WSTOPSIG(status);
		if (asks && signo == (SIGTRAP | 0x80))
			ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), info);
		int ours = signo == (SIGTRAP | 0x80) || signo == SIGTRAP || signo == SIGSTOP;
		ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)(ours ? 0 : signo));
	}
	return 0;
}
