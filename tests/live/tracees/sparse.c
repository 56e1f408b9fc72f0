/*
 * sparse COUNT: getpgid so many times, and says how often it has been stopped or has slept meanwhile.
 */
#include "tracee.h"

static long
switches(void)
{
	struct rusage usage;
	WANT(getrusage(RUSAGE_SELF, &usage) == 0);
	return usage.ru_nvcsw;
}

int
main(int argc, char **argv)
{
	WANT(argc == 2);
	bounded();
	long before = switches();
	for (long n = atol(argv[1]); n > 0; n--)
		(void)syscall(SYS_getpgid, 0);
	say("stops %ld", switches() - before);
	return 0;
}
