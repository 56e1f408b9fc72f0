/* exits STATUS: by exit_group. */
#include "tracee.h"

int
main(int argc, char **argv)
{
	WANT(argc == 2);
	syscall(SYS_exit_group, atoi(argv[1]));
}
