/*
 * For a 32-bit program without a C library: it makes a child, which says a word and exits with 5; then it
 * waits for it and says how that ended, and exits with 6. All by calls of i386's numbers.
 */
static long
call(long nr, long a, long b, long c)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

void
_start(void)
{
	int status = 0;
	char line[] = "child 0\n";

	if (call(2, 0, 0, 0) == 0) {			/* fork */
		(void)call(4, 1, (long)"hello\n", 6);	/* write */
		(void)call(1, 5, 0, 0);			/* exit */
	}
	(void)call(7, -1, (long)&status, 0);		/* waitpid */
	line[6] = (char)('0' + (status >> 8));
	(void)call(4, 1, (long)line, 8);
	(void)call(1, 6, 0, 0);
	for (;;)
		continue;
}
