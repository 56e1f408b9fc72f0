/*
 * traps HOW [handled]: SIGTRAP, the tracer's own signal, as a program may well get it itself: by kill,
 * by raise, by an instruction (int3). Prints how often its handler ran, with which si_code.
 */
#include "tracee.h"

static volatile int caught, code;

static void
on_trap(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	caught++;
	code = info->si_code;
}

int
main(int argc, char **argv)
{
	const struct rlimit none = { 0, 0 };
	struct sigaction action = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };

	WANT(argc > 1 && setrlimit(RLIMIT_CORE, &none) == 0);
	if (argc > 2)
		WANT(sigaction(SIGTRAP, &action, NULL) == 0);
	if (strcmp(argv[1], "kill") == 0) {
		WANT(kill(getpid(), SIGTRAP) == 0);
	} else if (strcmp(argv[1], "raise") == 0) {
		WANT(raise(SIGTRAP) == 0);
	} else {
#ifdef __x86_64__
		__asm__ volatile("int3");
#else
		__builtin_trap();
#endif
	}
	say("trap %d %d", caught, code);
	return 0;
}
