/*
 * pinned HOW: makes calls until it is on one processor alone, which it sees in /proc, and then HOW:
 *   ask, getcpu: asks where it may run, or where it is, by a call;
 *   set:    says where it wants to run: on the last processor that it may;
 *   fork:   makes a child;   vfork: the same, which shares its memory;   thread: makes an LWP;
 *   untraced: makes a child that asks not to be traced;
 *   exec:   becomes itself again, with "look";
 *   spin:   goes on making calls;
 *   sleep:  makes no more calls.
 * It says the processors it may run on, as the first 64 bits of the mask: "before", and "after" that, "long" after
 * it has made many calls more; and the new one says "child". look: says "child" and no more.
 */
#include "tracee.h"

enum { MANY = 2000 };

static unsigned long
mask(void)
{
	char text[8192];

	int fd = open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC);
	WANT(fd >= 0);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	WANT(n > 0 && close(fd) == 0);
	text[n] = '\0';
	char *at = strstr(text, "Cpus_allowed:");
	WANT(at != NULL);
	at = strtok(at + strlen("Cpus_allowed:"), "\n");
	unsigned long last = 0;
	for (char *word = strtok(at, " \t,"); word != NULL; word = strtok(NULL, " \t,"))
		last = last << 32 | strtoul(word, NULL, 16);
	return last;
}

static void
calls(void)
{
	for (int i = 0; i < MANY; i++)
		(void)syscall(SYS_getppid);
}

static unsigned long
asked(void)
{
	unsigned long set[128] = { 0 };
	WANT(syscall(SYS_sched_getaffinity, 0, sizeof(set), set) > 0);
	return set[0];
}

static void *
look(void *arg)
{
	say("child %lu", mask());
	return arg;
}

int
main(int argc, char **argv)
{
	unsigned long before = mask(), set = before, cpu = 0;

	WANT(argc == 2);
	bounded();
	if (strcmp(argv[1], "look") == 0) {
		(void)look(NULL);
		return 0;
	}
	while (__builtin_popcountl(mask()) > 1)
		calls();
	say("before %lu", before);
	if (strcmp(argv[1], "ask") == 0) {
		say("asked %lu", asked());
	} else if (strcmp(argv[1], "getcpu") == 0) {
		WANT(syscall(SYS_getcpu, &cpu, NULL, NULL) == 0);
	} else if (strcmp(argv[1], "set") == 0) {
		set = 1ul << (63 - __builtin_clzl(before));
		WANT(syscall(SYS_sched_setaffinity, 0, sizeof(set), &set) == 0);
		say("asked %lu", asked());
	} else if (strcmp(argv[1], "fork") == 0 || strcmp(argv[1], "vfork") == 0) {
		char *const again[] = { argv[0], "look", NULL };
		pid_t pid = argv[1][0] == 'v' ? vfork() : fork();
		if (pid == 0) {
			(void)execv("/proc/self/exe", again);
			_exit(1);
		}
		WANT(end_of(pid) == 0);
	} else if (strcmp(argv[1], "untraced") == 0) {
		pid_t pid = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid == 0) {
			(void)look(NULL);
			_exit(0);
		}
		WANT(end_of(pid) == 0);
	} else if (strcmp(argv[1], "thread") == 0) {
		WANT(pthread_join(start(look, NULL), NULL) == 0);
	} else if (strcmp(argv[1], "exec") == 0) {
		(void)execl("/proc/self/exe", argv[0], "look", NULL);
	} else if (strcmp(argv[1], "sleep") == 0) {
		for (volatile unsigned long n = 0;; n++)
			continue;
	}
	if (strcmp(argv[1], "spin") == 0)
		for (;;)
			calls();
	say("after %lu", mask());
	for (int i = 0; i < 4; i++)
		calls();
	say("long %lu", mask());
	return 0;
}
