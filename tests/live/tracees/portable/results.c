/*
 * Calls whose whole results it tells, and memory with an end.
 *
 * usage: results results|memory
 */
#include "tracee.h"

static void
results(void)
{
	char path[] = "/tmp/results.XXXXXX";
	int fds[2];

	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANON, -1, 0);
	say("mmap %lld", (long long)(intptr_t)p);
	int fd = mkstemp(path);
	WANT(fd >= 0 && unlink(path) == 0);
	say("lseek %lld", (long long)lseek(fd, (off_t)1 << 33, SEEK_SET));
	int closed = close(-1);
	say("close %d %d", closed, errno);
	WANT(pipe(fds) == 0);
	say("pipe %d %d", fds[0], fds[1]);
	say("getppid %d", (int)getppid());
}

/* Two pages, of which the second is given back: a buffer that ends where memory ends. */
static void
memory(void)
{
	long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, (size_t)(3 * page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);

	WANT(p != MAP_FAILED && munmap(p + 2 * page, (size_t)page) == 0);
	memset(p, 'x', (size_t)(2 * page));
	memcpy(p + page - 4, "over the border", 16);
	memcpy(p + 2 * page - 8, "the end", 8);
	say("memory %lld %ld", (long long)(intptr_t)p, page);
	WANT(write(1, p + page - 4, 16) == 16);	/* the test reads and writes here */
}

int
main(int argc, char **argv)
{
	bounded();
	WANT(argc == 2);
	if (is(argv[1], "memory"))
		memory();
	else
		results();
	return 0;
}
