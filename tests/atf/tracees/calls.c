/*
 * Calls whose arguments and results it tells.
 *
 * usage: calls transfer pipe|file SIZE
 *        calls error EBADF|ENOENT|...	a call that fails so
 *        calls some|mmap|lseek|parent|hello
 *        calls number N		the call of that number
 */
#include <sys/syscall.h>

#include "../../live/tracees/portable/tracee.h"

enum { MOST = 70000 };
static char data[MOST];
static char *volatile nowhere = (char *)(uintptr_t)8;

static void
transfer(const char *way, size_t size)
{
	char path[] = "/tmp/calls.XXXXXX";
	int fds[2];

	if (is(way, "pipe")) {
		WANT(pipe(fds) == 0);
	} else {
		fds[1] = mkstemp(path);
		fds[0] = open(path, O_RDONLY);
		WANT(fds[0] >= 0 && fds[1] >= 0 && unlink(path) == 0);
	}
	say("descriptors %d %d", fds[0], fds[1]);
	WANT(write(fds[1], data, size) == (ssize_t)size);
	(void)close(fds[1]);
	WANT(read(fds[0], data, MOST) == (ssize_t)size);
}

static long
fails_with(const char *error)
{
	int status, fds[2];

	if (is(error, "EBADF"))
		return close(-1);
	if (is(error, "ENOENT"))
		return open("/nowhere/at/all", O_RDONLY);
	if (is(error, "ENOTDIR"))
		return open("/dev/null/below", O_RDONLY);
	if (is(error, "EISDIR"))
		return open("/", O_WRONLY);
	if (is(error, "EEXIST"))
		return open("/", O_RDONLY | O_CREAT | O_EXCL, 0600);
	WANT(pipe(fds) == 0);
	if (is(error, "EFAULT"))
		return write(fds[1], nowhere, 16);
	if (is(error, "ESPIPE"))
		return (long)lseek(fds[0], 0, SEEK_SET);
	if (is(error, "ESRCH"))
		return kill(0x3ffffff, 0);
	if (is(error, "EINVAL"))
		return kill(getpid(), 1000);
	WANT(is(error, "ECHILD"));
	return waitpid(-1, &status, 0);
}

int
main(int argc, char **argv)
{
	WANT(argc >= 2);
	const char *how = argv[1];
	if (is(how, "transfer")) {
		WANT(argc == 4);
		transfer(argv[2], (size_t)atol(argv[3]));
	} else if (is(how, "error")) {
		WANT(argc == 3 && fails_with(argv[2]) == -1);
		say("errno %d", errno);
	} else if (is(how, "some")) {
		for (int i = 0; i < 3; i++)
			(void)getppid();
		say("some %d", close(-1));
	} else if (is(how, "mmap")) {
		void *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
		say("mapped %lld", (long long)(intptr_t)p);
	} else if (is(how, "lseek")) {
		int fd = open("/dev/zero", O_RDONLY);
		char path[] = "/tmp/calls.XXXXXX";
		int file = mkstemp(path);
		WANT(fd >= 0 && file >= 0 && unlink(path) == 0);
		WANT(lseek(file, (off_t)1 << 33, SEEK_SET) == (off_t)1 << 33);
	} else if (is(how, "parent")) {
		errno = 0;
		long parent = syscall(SYS_getppid);
		say("getppid %ld %d", parent, errno);
	} else if (is(how, "hello")) {
		ssize_t wrote = write(1, "hello\n", 6);
		say("\nwrote %zd", wrote);
	} else {
		WANT(is(how, "number") && argc == 3);
		WANT(syscall(atoi(argv[2])) == -1 && errno == ENOSYS);
	}
	return 0;
}
