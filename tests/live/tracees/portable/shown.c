/*
 * Calls whose arguments are known, for what shows them.
 *
 * usage: shown FILE calls|signal|vfork
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void
handler(int signo)
{
	(void)signo;
}

static void
calls(const char *file)
{
	char data[100];
	int ends[2];
	volatile uintptr_t nowhere = 8;
	struct iovec parts[2] = {{"ab", 2}, {"\n", 1}};
	struct pollfd polled;
	struct stat status;
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0640);

	if (fd < 0 || writev(fd, parts, 2) != 3 || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (read(fd, data, sizeof(data)) != 3 || fstat(fd, &status) != 0)
		abort();
	if (open("/nowhere/at all", O_RDONLY) != -1 || errno != ENOENT)
		abort();
	if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1)
		abort();
	polled = (struct pollfd){.fd = ends[0], .events = POLLIN};
	if (poll(&polled, 1, 1000) != 1 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		abort();
	if (read(-1, (void *)nowhere, 5) != -1 || unlink((const char *)nowhere) != -1)
		abort();
}

static void
parent(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(4);
	if (child < 0)
		abort();
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handler};

	if (argc != 3)
		return 2;
	if (strcmp(argv[2], "calls") == 0) {
		calls(argv[1]);
	} else if (strcmp(argv[2], "signal") == 0) {
		sigaction(SIGUSR1, &action, NULL);
		raise(SIGUSR1);
		kill(getpid(), SIGTERM);
	} else {
		parent();
	}
	return 3;
}
