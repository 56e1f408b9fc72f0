/*
 * For a 64-bit program that makes calls of i386's numbers: one that there is not, with more in its first register than
 * such a call can take, then getppid with 7 there. It exits with what is there after that. Without a C library.
 */
static long
call(long nr, long *first)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result), "+b"(*first) : "a"(nr) : "memory");
	return result;
}

void
_start(void)
{
	long first = 0x100000001;

	(void)call(999, &first);
	first = 7;
	(void)call(64, &first);	/* getppid */
	(void)call(1, &first);	/* exit */
	for (;;)
		continue;
}
