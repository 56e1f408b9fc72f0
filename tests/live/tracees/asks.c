/*
 * asks: makes a call, executes instructions for a while, asks on which processors it may run, and ends with the number
 * of those.
 */
#include "tracee.h"

int
main(void)
{
	unsigned long set[128] = { 0 };

	(void)syscall(SYS_getppid);
	for (volatile int n = 0; n < 2000; n++)
		continue;
	WANT(syscall(SYS_sched_getaffinity, 0, sizeof(set), set) > 0);
	return __builtin_popcountl(set[0]);
}
