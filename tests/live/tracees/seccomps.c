/*
 * seccomps HOW: a child that may not call getpgid any more, by a filter (seccomp(2)), and calls it. It says what
 * that has given, its parent how it has ended, and what the call's number is.
 *   errno:        it fails with ENOANO;
 *   trap:         SIGSYS, whose handler says what it was told and gives the call a result;
 *   trap-default: SIGSYS, which kills;
 *   kill-thread:  the LWP that calls it ends, another lives on;
 *   kill-last:    the same, and it is the only one;
 *   kill-process: all LWPs end;
 *   trace:        a tracer is to decide, but none has asked to: ENOSYS;
 *   log:          it may be called after all;
 *   notify:       another LWP is asked, and gives the result;
 *   strict:       no filter: read, write and exit are all that it may call, and it is killed;
 *   strict-exit:  the same, and it exits.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <ucontext.h>

#include "tracee.h"

enum { ANSWER = 4242 };

static int listener = -1;

static void
forbid(unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	WANT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	WANT(listener >= 0);
}

static void
call(void)
{
	long result = syscall(SYS_getpgid, 0);
	say("call %ld %d", result, result < 0 ? errno : 0);
}

static void
on_sigsys(int signo, siginfo_t *info, void *context)
{
	say("told %d %d %d", signo, info->si_code, info->si_syscall);
#ifdef __x86_64__
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = ANSWER;
#else
	((ucontext_t *)context)->uc_mcontext.regs[0] = ANSWER;
#endif
}

static void *
calls(void *arg)
{
	say("lwp %d", (int)gettid());
	call();
	return arg;
}

static void *
asks(void *arg)
{
	forbid(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	*(atomic_int *)arg = listener;
	call();
	return NULL;
}

static void
notify(void)
{
	struct seccomp_notif question = { 0 };
	struct seccomp_notif_resp answer = { .val = ANSWER };
	atomic_int fd = 0;

	pthread_t thread = start(asks, &fd);
	while (fd == 0)
		(void)sched_yield();
	WANT(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &question) == 0 && question.data.nr == SYS_getpgid);
	answer.id = question.id;
	WANT(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer) == 0);
	WANT(pthread_join(thread, NULL) == 0);
}

static void
in_another_lwp(void)
{
	WANT(pthread_join(start(calls, NULL), NULL) == 0);
	say("joined 1");
}

static void
child(const char *how)
{
	struct sigaction action = { .sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO };

	if (strncmp(how, "strict", 6) == 0) {
		WANT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == 0);
		if (strcmp(how, "strict") == 0)
			call();
		(void)syscall(SYS_exit, 17);
	}
	if (strcmp(how, "trap") == 0)
		WANT(sigaction(SIGSYS, &action, NULL) == 0);
	if (strcmp(how, "notify") == 0)
		notify();
	else if (strcmp(how, "errno") == 0)
		forbid(SECCOMP_RET_ERRNO | ENOANO, 0);
	else if (strncmp(how, "trap", 4) == 0)
		forbid(SECCOMP_RET_TRAP, 0);
	else if (strcmp(how, "trace") == 0)
		forbid(SECCOMP_RET_TRACE, 0);
	else if (strcmp(how, "log") == 0)
		forbid(SECCOMP_RET_LOG, 0);
	else if (strcmp(how, "kill-process") == 0)
		forbid(SECCOMP_RET_KILL_PROCESS, 0);
	else
		forbid(SECCOMP_RET_KILL_THREAD, 0);
	if (strcmp(how, "kill-thread") == 0 || strcmp(how, "kill-process") == 0)
		in_another_lwp();
	else if (strcmp(how, "notify") != 0)
		call();
	(void)syscall(SYS_exit_group, 17);
}

int
main(int argc, char **argv)
{
	WANT(argc == 2);
	bounded();
	say("number %d", SYS_getpgid);
	pid_t pid = fork();
	if (pid == 0)
		child(argv[1]);
	say("child %d %d", (int)pid, end_of(pid));
	return 0;
}
