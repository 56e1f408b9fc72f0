/*
 * spinners LWPS [FILE]: that many LWPs, for ever. Each counts in its own 8 bytes of FILE, and now and then
 * makes a call.
 */
#include "tracee.h"

static atomic_ulong *counts;
static atomic_int ready;

static void *
spin(void *arg)
{
	atomic_ulong *count = &counts[(intptr_t)arg];

	ready++;
	for (;;)
		if (++*count % 65536 == 0)
			(void)syscall(SYS_getppid);
	return arg;
}

int
main(int argc, char **argv)
{
	WANT(argc > 1);
	bounded();
	intptr_t lwps = atoi(argv[1]);
	size_t size = (size_t)lwps * sizeof(*counts);
	int fd = argc > 2 ? open(argv[2], O_RDWR) : -1;
	counts = mmap(NULL, size, PROT_READ | PROT_WRITE, fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	WANT(counts != MAP_FAILED);
	for (intptr_t i = 1; i < lwps; i++)
		(void)start(spin, (void *)i);
	while (ready < lwps - 1)
		(void)sched_yield();
	say("ready %d", (int)getpid());
	(void)spin(0);
}
