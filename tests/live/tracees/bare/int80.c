/*
 * For a 32-bit program: it fails to open a file and exits with 3, by calls of its own numbers; where the
 * open does something else, it exits with that result or error. Without a C library, for that of 32-bit
 * programs need not be installed.
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
	static const char path[] = "/nonexistent";

	long fd = call(5, (long)path, 0, 0);	/* open */
	(void)call(1, fd == -2 ? 3 : fd < 0 ? -fd : fd, 0, 0);	/* ENOENT; exit */
	for (;;)
		continue;
}
