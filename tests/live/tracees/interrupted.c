/*
 * interrupted CALL: sleeps in CALL for ever, and says what came of it if it returns all the same.
 */
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <linux/futex.h>

#include "tracee.h"

enum { HOUR = 3600 };

static int ends[2];

static long
reads(void)
{
	char c;

	return syscall(SYS_read, ends[0], &c, 1);
}

static long
polls(void)
{
	struct pollfd wait = { .fd = ends[0], .events = POLLIN };

	return poll(&wait, 1, HOUR * 1000);
}

static long
selects(void)
{
	struct timeval time = { HOUR, 0 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(ends[0], &set);
	return select(ends[0] + 1, &set, NULL, NULL, &time);
}

static long
sleeps(void)
{
	const struct timespec time = { HOUR, 0 };

	return syscall(SYS_nanosleep, &time, NULL);
}

static long
waits_on_futex(void)
{
	const struct timespec time = { HOUR, 0 };
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &time, NULL, 0);
}

static long
waits_for_child(void)
{
	pid_t parent = getpid(), child = fork();

	WANT(child >= 0);
	if (child == 0) {
		WANT(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		while (getppid() == parent)	/* it may have been killed before that */
			(void)pause();
	}
	return waitpid(child, NULL, 0);
}

static long
locks(void)
{
	char path[64];
	int fd = memfd_create("lock", 0);

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int other = open(path, O_RDWR);
	WANT(fd >= 0 && other >= 0 && flock(fd, LOCK_EX) == 0);
	return flock(other, LOCK_EX);
}

static long
pauses(void)
{
	return pause();
}

static long
epolls(void)
{
	struct epoll_event event;
	int fd = epoll_create1(0);

	WANT(fd >= 0);
	return epoll_wait(fd, &event, 1, HOUR * 1000);
}

static long
waits_for_signal(void)
{
	const struct timespec time = { HOUR, 0 };
	sigset_t set;

	WANT(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR1) == 0 && sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	return sigtimedwait(&set, NULL, &time);
}

static long
waits_on_semaphore(void)
{
	struct sembuf down = { .sem_op = -1 };
	int id = semget(IPC_PRIVATE, 1, 0600);

	WANT(id >= 0);
	say("made %d", id);
	return semop(id, &down, 1);
}

static long
receives_message(void)
{
	struct { long type; char text[1]; } message;
	int id = msgget(IPC_PRIVATE, 0600);

	WANT(id >= 0);
	say("made %d", id);
	return msgrcv(id, &message, 1, 0, 0);
}

static long
reads_inotify(void)
{
	char event[512];
	int fd = inotify_init();

	WANT(fd >= 0);
	return read(fd, event, sizeof(event));
}

static long
receives_in_time(void)
{
	const struct timeval time = { HOUR, 0 };
	int pair[2];
	char c;

	WANT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	WANT(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)) == 0);
	return recv(pair[0], &c, 1, 0);
}

int
main(int argc, char **argv)
{
	static const struct { const char *name; long (*run)(void); } calls[] = {
		{ "read", reads }, { "poll", polls }, { "select", selects }, { "nanosleep", sleeps },
		{ "futex", waits_on_futex }, { "wait4", waits_for_child }, { "flock", locks }, { "pause", pauses },
		{ "epoll_wait", epolls }, { "sigtimedwait", waits_for_signal }, { "semop", waits_on_semaphore },
		{ "msgrcv", receives_message }, { "inotify", reads_inotify }, { "recv", receives_in_time },
	};

	WANT(argc == 2);
	bounded();
	WANT(pipe(ends) == 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, argv[1]) == 0) {
			say("asleep %d", (int)getpid());
			long result = calls[i].run();
			say("returned %ld %d", result, errno);
			return 0;
		}
	return 1;
}
