/*
 * A kernel that plays a script: the stops it is given, in order, but none of an LWP or process that
 * stands still. It lets the loop and the decoders be tested on any machine, with stops recorded
 * elsewhere or made up, and notes what was asked of it.
 */
#ifndef PICO_SCRIPT_H
#define PICO_SCRIPT_H

#include "../core/kernel.h"

/* cffi: begin */

struct pico_scripted {
	struct pico_raw raw;	/* id 0: the wait is interrupted, after `state` nanoseconds. Its answers are in it,
				 * `have` is ignored */
	int32_t refuses;	/* an errno: what is asked about this stop fails with it */
	int32_t pid, parent;	/* what family() says of this LWP; 0: -ESRCH */
	int32_t of_step;	/* comes only where it was resumed for one instruction */
	int32_t lwps[8];	/* the LWPs its process has when that is attached to; none: one with its id */
	char path[64], argv[64];	/* of the image that it has: argv's strings each end with NUL */
	int32_t argv_size;
	int32_t answer;		/* what alter() gives for ANSWER at this stop; below 0: for anything */
};

/* One request to the kernel: what was asked, of which LWP (NetBSD: process), how (enum pico_resume; ALTER: enum
 * pico_alter), with which signal; SIGINFO, ALTER: the record it came with. */
enum pico_asked {
	PICO_ASKED_RESUME = 1,
	PICO_ASKED_DETACH = 2,
	PICO_ASKED_INTERRUPT = 3,
	PICO_ASKED_KILL = 4,
	PICO_ASKED_STOPPED = 5,	/* no request: there it stopped (where whole processes do) */
	PICO_ASKED_SEND = 6,
	PICO_ASKED_SIGINFO = 7,
	PICO_ASKED_SET_REGS = 8,
	PICO_ASKED_ALTER = 9,
	PICO_ASKED_KEEP = 10,	/* how: whether the call is over */
	PICO_ASKED_STEP_TOO = 11
};
struct pico_request {
	int32_t asked, lwp, how, signo;
	struct pico_event about;
};

/* `os` chooses the decoder: "linux", "netbsd". The stops are copied. NULL: an unknown os, no memory. The
 * loop that gets it does not free it: what was asked can be looked at when that is closed. */
struct pico_kernel *pico_script_open(const char *os, const struct pico_scripted *, int count);
void pico_script_free(struct pico_kernel *);
/* The requests so far, the oldest first; returns how many there were in all. */
int pico_script_requests(const struct pico_kernel *, struct pico_request *, int max);
/* How many of the stops nobody has waited for. */
int pico_script_unplayed(const struct pico_kernel *);

/* cffi: end */

#endif
