/*
 * Calls with known numbers, arguments and results; it prints each call's result, by its own account.
 */
#include "tracee.h"

static void
told(long nr, long result)
{
	int error = result == -1 ? errno : 0;
	say("call %ld %ld %d", nr, error ? 0 : result, error);
}

int
main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	void *at = (void *)0x5a5a00000000;

	/* six arguments, and a result of more than 32 bits */
	told(SYS_mmap, syscall(SYS_mmap, at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	int fd = (int)syscall(SYS_memfd_create, "numbers", 0);
	told(SYS_lseek, syscall(SYS_lseek, fd, 0x123456789ab, SEEK_SET));
	told(SYS_lseek, syscall(SYS_lseek, fd, 0x7654321, SEEK_CUR));
	told(SYS_close, syscall(SYS_close, -1));
	told(SYS_getppid, syscall(SYS_getppid));
	/* an argument of which the kernel takes the lower half */
	told(SYS_dup, syscall(SYS_dup, 0x5555555500000000 | (unsigned)fd));
	/* numbers that mean nothing */
	told(999, syscall(999, 1, 2, 3, 4, 5, 6));
	told(-1, syscall(-1, 7));
	told(0x7fffffff, syscall(0x7fffffff, 8));
	return 0;
}
