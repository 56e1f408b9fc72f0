/*
 * memory: pages of every kind, whose addresses it prints. Then it makes a call, getppid, at which a test
 * reads and writes them, and says afterwards what it finds there itself.
 */
#include "tracee.h"

static long page;
static char *both;	/* two pages; what is behind them is not mapped */
static char *fixed;	/* a page it may only read */
static char *file;	/* a file of half a page, shared, mapped as two pages */

/* Never called: it is there to be overwritten. */
__attribute__((used)) static void
text(void)
{
	__asm__ volatile(".skip 64");
}

static char *
pages(int n, int prot, int flags, int fd)
{
	char *at = mmap(NULL, (size_t)(n * page), prot, flags, fd, 0);
	WANT(at != MAP_FAILED);
	return at;
}

static void
fill(char *at, long size)
{
	for (long i = 0; i < size; i++)
		at[i] = (char)(i % 251 + 1);	/* no NUL, and no two pages alike */
}

static void
tell(const char *word, const char *at, int n)
{
	char line[200] = "";

	for (int i = 0; i < n; i++)
		(void)snprintf(line + strlen(line), sizeof(line) - strlen(line), " %d", (unsigned char)at[i]);
	say("%s%s", word, line);
}

int
main(void)
{
	page = sysconf(_SC_PAGESIZE);
	fixed = pages(1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	fill(fixed, page);
	WANT(mprotect(fixed, (size_t)page, PROT_READ) == 0);

	int fd = memfd_create("half a page", 0);
	WANT(fd >= 0 && ftruncate(fd, page / 2) == 0);
	file = pages(2, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	fill(file, page / 2);

	/* The last to be mapped, so that nothing comes to be where the third page was. */
	both = pages(3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	WANT(munmap(both + 2 * page, (size_t)page) == 0);
	fill(both, 2 * page);

	say("page %ld", page);
	say("both %ld", (long)both);
	say("fixed %ld", (long)fixed);
	say("file %ld", (long)file);
	say("text %ld", (long)text);
	(void)syscall(SYS_getppid);
	tell("border", both + page - 8, 16);
	tell("end", both + 2 * page - 8, 8);
	tell("file-end", file + page / 2 - 8, 8);
	tell("changed-fixed", fixed, 16);
	tell("changed-text", (char *)(uintptr_t)text, 16);
	return 0;
}
