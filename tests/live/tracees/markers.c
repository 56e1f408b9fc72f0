/*
 * markers PROCESSES LWPS CALLS FILE: processes, the first and its children, of that many LWPs each, which
 * all together make CALLS marker calls each, and count in FILE (markers.py has its layout) what they do.
 *
 * A marker is an lseek of a file without contents, by which nothing is moved but an offset: in that the LWP
 * puts its own number and the call's, and gets it back as the result. Two of four fail, each by an
 * error of its own. Before and after each call the LWP draws a number from a clock that all share, so that it
 * is known of many pairs of calls which came first.
 */
#include "tracee.h"

struct account {
	int32_t pid;
	int32_t lwp;
	uint32_t calls;
	int32_t status;		/* of the process */
};

struct moments {
	uint32_t before;
	uint32_t after;
};

static struct account *accounts;
static struct moments *moments;
static atomic_uint *ticks;
static pthread_barrier_t *everybody;
static int processes, lwps, calls, nothing;

static void
mark(struct account *account, struct moments *moment)
{
	uint32_t number = account->calls;
	off_t offset = (off_t)account->lwp << 32 | number;
	int fd = number % 4 == 3 ? -1 : nothing;
	int whence = number % 4 == 1 ? 9 : SEEK_SET;
	int error = fd < 0 ? EBADF : whence == 9 ? EINVAL : 0;

	moment->before = atomic_fetch_add(ticks, 1);
	off_t result = lseek(fd, offset, whence);
	moment->after = atomic_fetch_add(ticks, 1);
	WANT(error ? result == -1 && errno == error : result == offset);
	account->calls++;
}

static void *
work(void *arg)
{
	struct account *account = arg;
	struct moments *mine = moments + (account - accounts) * calls;

	account->pid = getpid();
	account->lwp = gettid();
	(void)pthread_barrier_wait(everybody);
	for (int i = 0; i < calls; i++)
		mark(account, &mine[i]);
	return NULL;
}

static void
run_process(int number, int status)
{
	struct account *account = accounts + number * lwps;
	pthread_t threads[64];

	for (int i = 0; i < lwps; i++)
		account[i].status = status;
	for (int i = 1; i < lwps; i++)
		threads[i] = start(work, &account[i]);
	(void)work(account);
	for (int i = 1; i < lwps; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
}

static void *
shared(size_t size, int flags, int fd)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);
	WANT(at != MAP_FAILED);
	return at;
}

int
main(int argc, char **argv)
{
	pthread_barrierattr_t all;
	pid_t children[64];
	sigset_t chld;

	WANT(argc == 5);
	(void)alarm(1200);
	processes = atoi(argv[1]);
	lwps = atoi(argv[2]);
	calls = atoi(argv[3]);
	WANT(processes > 0 && processes <= 64 && lwps > 0 && lwps <= 64 && calls > 0);

	size_t n = (size_t)processes * (size_t)lwps;
	size_t size = n * sizeof(*accounts) + n * (size_t)calls * sizeof(*moments);
	int fd = open(argv[4], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	WANT(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	accounts = shared(size, 0, fd);
	moments = (struct moments *)(accounts + n);
	ticks = shared(sizeof(*ticks), MAP_ANONYMOUS, -1);
	everybody = shared(sizeof(*everybody), MAP_ANONYMOUS, -1);
	WANT(pthread_barrierattr_init(&all) == 0 &&
	    pthread_barrierattr_setpshared(&all, PTHREAD_PROCESS_SHARED) == 0 &&
	    pthread_barrier_init(everybody, &all, (unsigned)n) == 0);
	nothing = memfd_create("nothing", 0);
	WANT(nothing >= 0);

	/* Blocked, the signal of a child's end is not reported: how many come is not for us to say. */
	WANT(sigemptyset(&chld) == 0 && sigaddset(&chld, SIGCHLD) == 0 &&
	    sigprocmask(SIG_BLOCK, &chld, NULL) == 0);
	for (int i = 1; i < processes; i++) {
		children[i] = fork();
		WANT(children[i] >= 0);
		if (children[i] == 0) {
			run_process(i, 10 + i);
			_exit(10 + i);
		}
	}
	run_process(0, 10);
	for (int i = 1; i < processes; i++)
		WANT(end_of(children[i]) == (10 + i) << 8);
	return 10;
}
