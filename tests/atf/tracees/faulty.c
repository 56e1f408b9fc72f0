/*
 * Does what no processor lets pass.
 *
 * usage: faulty default|handled|masked|ignored SIGNO	SIGSEGV, SIGBUS, SIGILL or SIGFPE
 */
#include "../../live/tracees/portable/tracee.h"

static void
handler(int signo)
{
	(void)signo;
	_exit(6);	/* were it to return, the fault would come again */
}

static volatile int number = 7, zero;

static void
fault(int signo)
{
	char path[] = "/tmp/faulty.XXXXXX";

	if (signo == SIGSEGV) {
		*(volatile int *)(uintptr_t)64 = 1;
	} else if (signo == SIGBUS) {
		/* Memory of a file, beyond the end of the file. */
		int fd = mkstemp(path);
		WANT(fd >= 0 && unlink(path) == 0);
		volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		WANT(p != MAP_FAILED);
		(void)p[0];
	} else if (signo == SIGFPE) {
		number /= zero;
	} else {
#if defined(__x86_64__) || defined(__i386__)
		__asm__ volatile("ud2");
#elif defined(__aarch64__)
		__asm__ volatile("udf #0");
#else
		__builtin_trap();
#endif
	}
}

int
main(int argc, char **argv)
{
	sigset_t set;

	WANT(argc == 3);
	int signo = atoi(argv[2]);
	if (is(argv[1], "handled"))
		on(signo, handler, 0);
	if (is(argv[1], "ignored"))
		on(signo, SIG_IGN, 0);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signo);
	if (is(argv[1], "masked"))
		WANT(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	fault(signo);
	return 7;
}
