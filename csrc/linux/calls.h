/* The calls that the tracer itself has to know, by ABI. Pure: compiled and tested on every OS. */
#ifndef PICO_LINUX_CALLS_H
#define PICO_LINUX_CALLS_H

#include "../core/kernel.h"

enum linux_call {
	LINUX_EXIT,		/* ends one LWP (exit_group ends all) */
	LINUX_FORK,
	LINUX_VFORK,
	LINUX_CLONE,
	LINUX_CLONE3,
	LINUX_PRCTL,
	LINUX_SECCOMP,
	LINUX_SCHED_SETAFFINITY,
	LINUX_SCHED_GETAFFINITY,
	LINUX_GETCPU,
	LINUX_CALLS
};

int pico_linux_is(const struct pico_event *call, enum linux_call);
/* It makes a child, or an LWP. */
int pico_linux_makes_another(const struct pico_event *call);
/* It may give its process a filter, or strict mode (seccomp(2)). */
int pico_linux_confines(const struct pico_event *call);

#endif
