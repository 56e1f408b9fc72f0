/*
 * faults WHAT MODE SIGNO: a child does what is fatal, while the signal of it is in its default, handled, ignored, or
 * masked (with a handler that it never gets to). It says where the fault is to be, and what its handler is
 * told; its parent how it has ended.
 */
#include <setjmp.h>

#include "tracee.h"

static sigjmp_buf back;
static uint64_t mask_before;

static uint64_t
mask_now(void)
{
	uint64_t mask;

	WANT(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8) == 0);
	return mask;
}

static void
on_fault(int signo, siginfo_t *info, void *context)
{
	(void)context;
	say("handler %d %d %ju", signo, info->si_code, (uintmax_t)info->si_addr);
	WANT(mask_now() == (mask_before | 1ull << (signo - 1)));
	siglongjmp(back, 1);
}

static char *
map(int prot, int flags, int fd)
{
	char *at = mmap(NULL, 4096, prot, flags, fd, 0);

	WANT(at != MAP_FAILED);
	return at;
}

static void
touch(char *at)
{
	say("fault %ju", (uintmax_t)at);
	*(volatile char *)at = 1;
}

/* Instructions at a known place; `offset`: which of them it is that faults. */
static void
run(const char *code, size_t size, size_t offset, int told)
{
	char *at = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	void (*call)(void);

	memcpy(at, code, size);
	WANT(mprotect(at, 4096, PROT_READ | PROT_EXEC) == 0);
	say("fault %ju", told ? (uintmax_t)at + offset : 0);
	memcpy(&call, &at, sizeof(call));
	call();
}

static void
fault(const char *what)
{
	if (strcmp(what, "maperr") == 0) {
		char *at = map(PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
		WANT(munmap(at, 4096) == 0);
		touch(at + 5);
	} else if (strcmp(what, "accerr") == 0) {
		touch(map(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1) + 7);
	} else if (strcmp(what, "bus") == 0) {
		/* It is mapped, but the file has no byte of it. */
		touch(map(PROT_READ | PROT_WRITE, MAP_SHARED, memfd_create("empty", MFD_CLOEXEC)));
	} else if (strcmp(what, "ill") == 0) {
		run("\x90\x0f\x0b", 3, 1, 1);	/* nop; ud2 */
	} else if (strcmp(what, "fpe") == 0) {
		run("\x31\xc9\xf7\xf1", 4, 2, 1);	/* xor %ecx,%ecx; div %ecx */
	} else if (strcmp(what, "privileged") == 0) {
		run("\xf4", 1, 0, 0);	/* hlt: the kernel tells of no address */
	} else {
		WANT(!"a fault");
	}
}

static void
child(const char *what, const char *mode, int signo)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	sigset_t masked;

	(void)sigemptyset(&masked);
	(void)sigaddset(&masked, SIGUSR1);
	WANT(signal(SIGUSR2, SIG_IGN) != SIG_ERR);
	if (strcmp(mode, "masked") == 0)
		(void)sigaddset(&masked, signo);
	WANT(sigprocmask(SIG_BLOCK, &masked, NULL) == 0);
	mask_before = mask_now();
	if (strcmp(mode, "ignored") == 0)
		WANT(signal(signo, SIG_IGN) != SIG_ERR);
	else if (strcmp(mode, "default") != 0)
		WANT(sigaction(signo, &action, NULL) == 0);
	if (sigsetjmp(back, 1) == 0)
		fault(what);
	WANT(mask_now() == mask_before);
	WANT(sigaction(SIGUSR2, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
	WANT(sigaction(signo, NULL, &action) == 0 && action.sa_sigaction == on_fault);
	_exit(17);
}

int
main(int argc, char **argv)
{
	WANT(argc == 4);
	pid_t pid = fork();
	if (pid == 0)
		child(argv[1], argv[2], atoi(argv[3]));
	say("child %d %d", (int)pid, end_of(pid));
	return 0;
}
