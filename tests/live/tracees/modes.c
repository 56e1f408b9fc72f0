/*
 * modes MODE HOW: for each signal but KILL and STOP, one is sent by HOW (kill, raise, queue) to this very
 * LWP while it is handled, ignored, or masked. Prints each signal and how often its handler has run.
 * modes default HOW: for those alone that do nothing by default.
 */
#include "tracee.h"

static volatile int caught[65], codes[65], values[65];

#ifdef __x86_64__
__attribute__((naked)) static void
come_back(void)
{
	__asm__("mov %0, %%eax\n\tsyscall" : : "i"(SYS_rt_sigreturn));
}
#else
#define come_back NULL
#endif

static void
on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	caught[signo]++;
	codes[signo] = info->si_code;
	values[signo] = info->si_value.sival_int;
}

static void
set(int signo, void *handler)
{
	struct action action = { handler, SA_SIGINFO | RESTORER, come_back, 0 };
	WANT(syscall(SYS_rt_sigaction, signo, &action, NULL, 8) == 0);
}

static void
mask(int how, int signo)
{
	uint64_t set = 1ull << (signo - 1);
	WANT(syscall(SYS_rt_sigprocmask, how, &set, NULL, 8) == 0);
}

static void
send(const char *how, int signo)
{
	siginfo_t info;

	if (strcmp(how, "kill") == 0) {
		WANT(syscall(SYS_kill, getpid(), signo) == 0);
	} else if (strcmp(how, "raise") == 0) {
		WANT(syscall(SYS_tgkill, getpid(), gettid(), signo) == 0);
	} else {
		memset(&info, 0, sizeof(info));
		info.si_code = SI_QUEUE;
		info.si_pid = getpid();
		info.si_uid = getuid();
		info.si_value.sival_int = 1000 + signo;
		WANT(syscall(SYS_rt_sigqueueinfo, getpid(), signo, &info) == 0);
	}
}

static void
one(const char *mode, const char *how, int signo)
{
	if (strcmp(mode, "default") == 0)
		set(signo, (void *)SIG_DFL);
	else
		set(signo, strcmp(mode, "ignored") == 0 ? (void *)SIG_IGN : (void *)on_signal);
	if (strcmp(mode, "masked") != 0) {
		send(how, signo);
		return;
	}
	mask(SIG_BLOCK, signo);
	send(how, signo);
	say("pending %d %d", signo, caught[signo]);
	mask(SIG_UNBLOCK, signo);
}

int
main(int argc, char **argv)
{
	WANT(argc == 3);
	for (int signo = 1; signo <= 64; signo++) {
		int harmless = signo == SIGCHLD || signo == SIGCONT || signo == SIGURG || signo == SIGWINCH;
		if (signo == SIGKILL || signo == SIGSTOP || (strcmp(argv[1], "default") == 0 && !harmless))
			continue;
		one(argv[1], argv[2], signo);
		say("signal %d %d %d %d", signo, caught[signo], codes[signo], values[signo]);
	}
	return 0;
}
