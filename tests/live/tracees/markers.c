/*
 * markers FILE PROCESSES LWPS CALLS: processes, the first and its children, of that many LWPs each, which all
 * together make CALLS marker calls each. Their pids are as many as there can be at once.
 */
#include "truth.h"

static pthread_barrier_t *everybody;
static int processes, lwps, calls;

static void *
work(void *arg)
{
	opens(arg);
	closes();
	(void)pthread_barrier_wait(everybody);
	opens_again();
	mark(calls);
	closes();
	return NULL;
}

static void
run_process(void)
{
	pthread_t threads[64];

	for (int i = 1; i < lwps; i++)
		threads[i] = creates(work);
	(void)pthread_barrier_wait(everybody);
	opens_again();
	mark(calls);
	closes();
	for (int i = 1; i < lwps; i++)
		WANT(pthread_join(threads[i], NULL) == 0);
	opens_again();
}

int
main(int argc, char **argv)
{
	pthread_barrierattr_t all;
	pid_t children[64];

	WANT(argc == 5);
	(void)alarm(1200);
	processes = atoi(argv[2]);
	lwps = atoi(argv[3]);
	calls = atoi(argv[4]);
	WANT(processes > 0 && processes <= 64 && lwps > 0 && lwps <= 64 && calls > 0);
	unsigned n = (unsigned)(processes * lwps);
	map_truth(argv[1], n, (unsigned)(calls + 3 * processes + 8));
	everybody = mmap(NULL, sizeof(*everybody), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	WANT(everybody != MAP_FAILED && pthread_barrierattr_init(&all) == 0 &&
	    pthread_barrierattr_setpshared(&all, PTHREAD_PROCESS_SHARED) == 0 &&
	    pthread_barrier_init(everybody, &all, n) == 0);

	opens(account(ROOT));
	for (int i = 1; i < processes; i++) {
		children[i] = forks(FORKED, SIGCHLD);
		if (children[i] == 0) {
			closes();
			run_process();
			exits(10 + i);
		}
	}
	closes();
	run_process();
	for (int i = 1; i < processes; i++)
		WANT(waits(children[i]) == (10 + i) << 8);
	exits(10);
}
