/* For a 32-bit program: getppid and exit(3), by i386's numbers, from functions whose names are known. */
#define KEPT __attribute__((noinline, noclone))

static volatile long counted;

KEPT static long
call(long nr, long a)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a) : "memory");
	return result;
}

KEPT static void
inner(void)
{
	counted += call(64, 0);
	counted++;
}

KEPT static void
outer(void)
{
	inner();
	counted++;
}

void
_start(void)
{
	outer();
	(void)call(1, 3);
	for (;;)
		continue;
}
