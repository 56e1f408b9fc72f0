/*
 * kinds FILE CASE [HOW]: calls of all kinds, and what becomes of who makes them. What each case does stands at its
 * function.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ptrace.h>

#include "truth.h"

enum { ROOM = 300, EACH = 400, MARKS = 14, REFUSED = SYS_getppid };

static const char *how = "";

/* Numbers that mean nothing, with arguments; and calls that need no kernel, which nobody sees. */
static void
numbers(void)
{
	struct timespec now;

	mark(MARKS);
	WANT(DO(-1, 1, 2, 3, 4, 5, 6) == -ENOSYS);
	WANT(DO(999, 1, 2, 3, 4, 5, 6) == -ENOSYS);
	WANT(DO(0x7fffffff, UINT64_MAX, INT64_MAX, 1, 0, UINT32_MAX, 6) == -ENOSYS);
	WANT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	WANT(DO(SYS_getppid) > 0);
	WANT(DO(SYS_gettid) == mine->lwp);
}

#ifdef __x86_64__
static void
do_32(int number, uint32_t a, uint32_t b, uint32_t c)
{
	struct record *record = enters(CALL32, number, (const uint64_t[6]){ a, b, c });
	long got;

	__asm__ volatile("int $0x80" : "=a"(got) : "a"((long)number), "b"((uint64_t)a), "c"((uint64_t)b),
	    "d"((uint64_t)c) : "memory", "r8", "r9", "r10", "r11");
	record->result = (int32_t)got;
	record->after = tick();
}

/* Calls of 32-bit programs, by int $0x80, between others. */
static void
narrow(void)
{
	for (int i = 0; i < MARKS; i++) {
		do_32(20, 0, 0, 0);			/* getpid */
		do_32(19, (uint32_t)nothing, (uint32_t)i, SEEK_SET);	/* lseek */
		do_32(6, 0xffffffff, 0, 0);		/* close */
		mark(1);
	}
}
#endif

static void
refuses(uint32_t action)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, REFUSED, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { .len = 4, .filter = program };

	WANT(DO(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1) == 0);
	WANT(DO(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (uintptr_t)&filter) == 0);
}

static void *
one_refused(void *account)
{
	opens(account);
	refuses(SECCOMP_RET_KILL_THREAD);
	note(DIES, SIGKILL, UNSEEN, 0);
	(void)DO(REFUSED);
	return NULL;
}

/* A filter of its own: a call fails with an error, or kills its LWP or its process; and strict mode. */
static void
sandboxed(void)
{
	if (strcmp(how, "error") == 0) {
		refuses(SECCOMP_RET_ERRNO | 77);
		WANT(DO(REFUSED) == -77);
	} else if (strcmp(how, "process") == 0) {
		refuses(SECCOMP_RET_KILL_PROCESS);
		note(DIES, SIGSYS, UNSEEN, 0);
		(void)DO(REFUSED);
	} else if (strcmp(how, "lwp") == 0) {
		closes();
		(void)pthread_join(creates(one_refused), NULL);
		opens_again();
	} else {
		WANT(DO(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
		(void)DO(SYS_exit, 11);
	}
}

/* Tracing from inside: of who is traced already, nobody may. */
static void
traces(void)
{
	WANT(DO(SYS_ptrace, PTRACE_TRACEME) == -EPERM);
	pid_t child = forks(FORKED, SIGCHLD);
	if (child == 0) {
		WANT(DO(SYS_ptrace, PTRACE_TRACEME) == -EPERM);
		mark(MARKS);
		exits(5);
	}
	WANT(DO(SYS_ptrace, PTRACE_ATTACH, (uint64_t)child) == -EPERM);
	WANT(waits(child) == 5 << 8);
}

/* A child for every signal that kills. */
static void
deaths(void)
{
	for (int signo = 1; signo <= SIGRTMAX; signo++) {
		if (signo == SIGCHLD || signo == SIGCONT || signo == SIGURG || signo == SIGWINCH ||
		    (signo >= SIGSTOP && signo <= SIGTTOU) || (signo >= 32 && signo < SIGRTMIN))
			continue;
		pid_t child = forks(FORKED, SIGCHLD);
		if (child == 0) {
			note(DIES, signo, signo == SIGKILL ? UNSEEN : 0, 0);
			(void)DO(SYS_tgkill, (uint64_t)mine->pid, (uint64_t)mine->lwp, (uint64_t)signo);
			exits(99);
		}
		WANT(WTERMSIG(waits(child)) == signo);
	}
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; void (*run)(void); } cases[] = {
		{ "numbers", numbers }, { "sandboxed", sandboxed }, { "traces", traces }, { "deaths", deaths },
#ifdef __x86_64__
		{ "narrow", narrow },
#endif
	};

	WANT(argc >= 3);
	bounded();
	map_truth(argv[1], ROOM, EACH);
	how = argc > 3 ? argv[3] : "";
	opens(account(ROOT));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(cases[i].name, argv[2]) == 0) {
			cases[i].run();
			mark(MARKS);
			exits(11);
		}
	return 1;
}
