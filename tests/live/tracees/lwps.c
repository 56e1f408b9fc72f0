/*
 * lwps CASE [COUNT]: LWPs that are made and go. Each says nothing: the process says how many there were.
 *   storm:   COUNT LWPs, several at a time, each makes one call;
 *   tree:    LWPs that make LWPs;
 *   group:   exit_group while COUNT LWPs sleep, spin and make calls;
 *   abort:   the same, but it aborts, and may dump a core;
 *   shot:    the same, but one LWP gets a SIGKILL of its own, which is the process's;
 *   quits:   exit_group while LWPs make LWPs, once COUNT are made;
 *   grow:    each LWP makes the next and lives on, COUNT in all, in four chains;
 *   clone3:  an LWP by clone3, without libc;
 *   vfork:   CLONE_THREAD with CLONE_VFORK: its maker waits for its end;
 *   signal:  CLONE_THREAD with an exit signal, which the kernel ignores, but not in its choice of event.
 */
#include "tracee.h"

enum { AT_ONCE = 8 };

static atomic_int made, ready;
static _Atomic pid_t one;
static int count;
static char stack[64 * 1024] __attribute__((aligned(64)));

static void *
short_life(void *arg)
{
	made++;
	(void)syscall(SYS_gettid);
	return arg;
}

static void
storm(void)
{
	pthread_t threads[AT_ONCE];

	while (made < count) {
		int n = count - made < AT_ONCE ? count - made : AT_ONCE;
		for (int i = 0; i < n; i++)
			threads[i] = start(short_life, NULL);
		for (int i = 0; i < n; i++)
			WANT(pthread_join(threads[i], NULL) == 0);
	}
}

static void *
branch(void *arg)
{
	intptr_t depth = (intptr_t)arg;

	made++;
	if (depth == 0)
		return NULL;
	pthread_t left = start(branch, (void *)(depth - 1));
	pthread_t right = start(branch, (void *)(depth - 1));
	(void)pthread_join(left, NULL);
	(void)pthread_join(right, NULL);
	return NULL;
}

static void *
makes_lwps(void *arg)
{
	pthread_t thread;

	for (;;)
		if (pthread_create(&thread, NULL, short_life, NULL) == 0)
			(void)pthread_join(thread, NULL);
	return arg;
}

static void
quits(void)
{
	for (int i = 0; i < 4; i++)
		(void)start(makes_lwps, NULL);
	while (made < count)
		(void)sched_yield();
}

static void *
grows(void *arg)
{
	if (++made < count)
		(void)start(grows, NULL);
	for (;;)
		(void)syscall(SYS_pause);
	return arg;
}

static void
grow(void)
{
	say("ready %d", (int)getpid());
	for (int i = 0; i < 4; i++)
		(void)start(grows, NULL);
	for (;;)
		(void)syscall(SYS_pause);
}

static void *
for_ever(void *arg)
{
	intptr_t kind = (intptr_t)arg % 3;

	made++;
	one = gettid();
	ready++;
	for (volatile int i = 0;; i++) {
		if (kind == 0)
			(void)syscall(SYS_pause);
		else if (kind == 1)
			(void)syscall(SYS_getppid);
	}
	return NULL;
}

static void
group(void)
{
	for (intptr_t i = 0; i < count; i++)
		(void)start(for_ever, (void *)i);
	while (ready < count)
		(void)sched_yield();
}

static void
aborts(void)
{
	const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };

	WANT(setrlimit(RLIMIT_CORE, &none) == 0);
	group();
	abort();
}

static void
shot(void)
{
	group();
	WANT(syscall(SYS_tgkill, getpid(), one, SIGKILL) == 0);
	for (;;)
		(void)syscall(SYS_pause);
}

/* An LWP without libc: on its new stack it makes one call and exits. The flags are those that
 * CLONE_THREAD requires; the kernel writes its id to `tid` and clears it, and wakes us, at its end. */
static const unsigned long lwp_flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
    CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
static _Atomic pid_t tid;

static int
bare(void *arg)
{
	(void)arg;
	(void)syscall(SYS_getppid);
	(void)syscall(SYS_exit, 0);
	return 0;
}

static void
until_gone(pid_t lwp)
{
	while (tid != 0)
		(void)syscall(SYS_futex, &tid, 0 /* FUTEX_WAIT */, lwp, NULL, NULL, 0);
}

static void
by_clone(unsigned long flags)
{
	pid_t lwp = clone(bare, stack + sizeof(stack), (int)(lwp_flags | flags), NULL, &tid, NULL, &tid);
	WANT(lwp > 0);
	made++;
	say("lwp %d", (int)lwp);
	until_gone(lwp);
}

#ifdef __x86_64__
static void
by_clone3(void)
{
	struct clone_args args = {
		.flags = lwp_flags,
		.parent_tid = (uintptr_t)&tid,
		.child_tid = (uintptr_t)&tid,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack),
	};
	long lwp;

	/* libc has no clone3: the new LWP comes back from the call without a frame to return to. */
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[getppid], %%eax\n\t"
			 "syscall\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "=a"(lwp)
			 : "a"((long)SYS_clone3), "D"(&args), "S"(sizeof(args)),
			   [getppid] "i"(SYS_getppid), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	WANT(lwp > 0);
	made++;
	say("lwp %d", (int)lwp);
	until_gone((pid_t)lwp);
}
#endif

int
main(int argc, char **argv)
{
	WANT(argc > 1);
	bounded();
	count = argc > 2 ? atoi(argv[2]) : 1;
	if (strcmp(argv[1], "storm") == 0)
		storm();
	else if (strcmp(argv[1], "tree") == 0)
		(void)branch((void *)(intptr_t)count);
	else if (strcmp(argv[1], "group") == 0)
		group();
	else if (strcmp(argv[1], "grow") == 0)
		grow();
	else if (strcmp(argv[1], "abort") == 0)
		aborts();
	else if (strcmp(argv[1], "shot") == 0)
		shot();
	else if (strcmp(argv[1], "quits") == 0)
		quits();
	else if (strcmp(argv[1], "vfork") == 0)
		by_clone(CLONE_VFORK);
	else if (strcmp(argv[1], "signal") == 0)
		by_clone(SIGCHLD);
#ifdef __x86_64__
	else if (strcmp(argv[1], "clone3") == 0)
		by_clone3();
#endif
	else
		WANT(!"a case");
	say("made %d", made);
	return 0;
}
