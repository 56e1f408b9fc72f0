/* Writes the bytes of its arguments, each with its NUL. */
#include "tracee.h"

int
main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t size = strlen(argv[i]) + 1;
		WANT(fwrite(argv[i], 1, size, stdout) == size);
	}
	WANT(fflush(stdout) == 0);
	return 0;
}
