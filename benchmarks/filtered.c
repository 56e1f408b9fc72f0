/*
 * The floor of a filter: openat alone stops, at its entry by seccomp(2) and at its exit. What each stop is, is asked and
 * forgotten. x86-64 and 64-bit programs alone.
 *
 * usage: filtered command [arg ...]
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
traced(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	execvp(argv[0], argv);
	_exit(127);
}

int
main(int argc, char **argv)
{
	char info[96];
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: filtered command [arg ...]\n");
		return 2;
	}
	pid_t root = fork();
	if (root == 0)
		traced(argv + 1);
	if (waitpid(root, &status, 0) != root || !WIFSTOPPED(status))
		return 125;
	ptrace(PTRACE_SETOPTIONS, root, NULL,
	    (void *)(uintptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	    PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL));
	ptrace(PTRACE_CONT, root, NULL, NULL);
	for (pid_t pid; (pid = wait4(-1, &status, __WALL, NULL)) > 0;) {
		if (!WIFSTOPPED(status))
			continue;
		int signo = WSTOPSIG(status), entry = status >> 16 == PTRACE_EVENT_SECCOMP;
		int call = entry || signo == (SIGTRAP | 0x80);
		if (call)
			ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), info);
		int ours = call || signo == SIGTRAP || signo == SIGSTOP;
		ptrace(entry ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, (void *)(intptr_t)(ours ? 0 : signo));
	}
	return 0;
}
