/* 256 children, each of which exits with a status of its own. */
#include "tracee.h"

int
main(void)
{
	for (int i = 0; i < 256; i++) {
		pid_t child = fork();
		WANT(child >= 0);
		if (child == 0)
			syscall(SYS_exit_group, i);
		int status = end_of(child);
		WANT(WIFEXITED(status));
		say("status %d %d", (int)child, WEXITSTATUS(status));
	}
	return 0;
}
