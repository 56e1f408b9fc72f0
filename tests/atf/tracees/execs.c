/*
 * Executes its arguments.
 *
 * usage: execs [--big] PROGRAM [ARG ...]	--big: with more arguments than a system takes; exits with 4 where
 *					that fails
 *        execs done		exits with 9
 */
#include "../../live/tracees/portable/tracee.h"

extern char **environ;

enum { BIG = 64 * 1024 * 1024 };

int
main(int argc, char **argv)
{
	WANT(argc >= 2);
	if (is(argv[1], "done"))
		return 9;
	if (is(argv[1], "--big")) {
		char *word = malloc(BIG);
		WANT(word != NULL && argc == 3);
		memset(word, 'x', BIG - 1);
		word[BIG - 1] = '\0';
		char *words[] = { argv[2], word, NULL };
		(void)execve(argv[2], words, environ);
	} else {
		(void)execve(argv[1], argv + 1, environ);
	}
	return 4;
}
