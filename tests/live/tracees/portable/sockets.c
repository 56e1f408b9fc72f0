/*
 * Asks for sockets of several families, in a child and a second LWP too, and on Linux for an io_uring, and prints
 * the error of each, 0 where there was none: what a jail refuses.
 */
#include "tracee.h"
#include <sys/socket.h>
#ifdef __linux__
#include <sys/syscall.h>
#define OTHER AF_NETLINK
#else
#define OTHER AF_ROUTE
#endif

static void
ask(const char *who, int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);
	say("%s %d %d", who, family, fd < 0 ? errno : 0);
	if (fd >= 0)
		(void)close(fd);
}

static void *
second(void *arg)
{
	ask("lwp", AF_INET);
	return arg;
}

int
main(void)
{
	ask("main", AF_UNIX);
	ask("main", AF_INET);
	ask("main", AF_INET6);
	ask("main", OTHER);
#ifdef __linux__
	char params[120] = { 0 };
	/* the parameters are refused by the kernel itself: they have no entries */
	long ring = syscall(SYS_io_uring_setup, 0, params);
	say("ring %d", ring < 0 ? errno : 0);
#endif
	(void)pthread_join(start(second, NULL), NULL);
	pid_t child = fork();
	if (child == 0) {
		ask("child", AF_INET);
		ask("child", AF_UNIX);
		_exit(0);
	}
	WANT(end_of(child) == 0);
	return 0;
}
