/*
 * Children, one after the other, each of which executes true(1) and ends.
 *
 * usage: spawns fork|posix_spawn COUNT
 */
#define _GNU_SOURCE
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int
main(int argc, char **argv)
{
	char *const child[] = { "/bin/true", NULL };

	if (argc != 3)
		return 2;
	for (long n = atol(argv[2]); n > 0; n--) {
		pid_t pid;
		if (strcmp(argv[1], "posix_spawn") == 0) {
			if (posix_spawn(&pid, child[0], NULL, NULL, child, environ) != 0)
				return 1;
		} else if ((pid = fork()) == 0) {
			execve(child[0], child, environ);
			_exit(127);
		}
		if (waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	return 0;
}
