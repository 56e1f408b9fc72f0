/*
 * Dense calls: getppid over and over, nothing else.
 *
 * usage: dense COUNT
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	for (long n = argc > 1 ? atol(argv[1]) : 100000; n > 0; n--)
		(void)syscall(SYS_getppid);
	return 0;
}
