/*
 * A program that makes no calls: it counts down.
 *
 * usage: turns COUNT
 */
#include <stdlib.h>

int
main(int argc, char **argv)
{
	for (volatile long n = argc > 1 ? atol(argv[1]) : 1000; n > 0; n--)
		continue;
	return 0;
}
