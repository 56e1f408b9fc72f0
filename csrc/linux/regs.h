/* A call as the registers of a stopped LWP have it. Pure: compiled and tested on every OS. */
#ifndef PICO_LINUX_REGS_H
#define PICO_LINUX_REGS_H

#include "../core/kernel.h"

struct pico_call {
	uint32_t arch;		/* as in linux/audit.h; 0: registers that are not known here */
	int64_t sysnum;		/* -1 where they are not known */
	int64_t result;		/* at the exit */
	uint64_t args[6];
};

void pico_linux_call_of(const struct pico_raw *, struct pico_call *);

#endif
