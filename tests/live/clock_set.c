/*
 * A library that is loaded before all others (LD_PRELOAD): once there is a file of the name in CLOCK_SET, somebody has
 * set the clock of the day forward by an hour.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t clock, struct timespec *time)
{
	int e = (int)syscall(SYS_clock_gettime, clock, time);
	const char *file = getenv("CLOCK_SET");

	if (clock == CLOCK_REALTIME && file != NULL && access(file, F_OK) == 0)
		time->tv_sec += 3600;
	return e;
}
