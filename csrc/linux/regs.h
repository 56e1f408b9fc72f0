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

/* `arch`: by whose numbers it was made, where the kernel says that; else 0. */
void pico_linux_call_of(const struct pico_raw *, uint32_t arch, struct pico_call *);

uint64_t pico_linux_pc_of(const struct pico_raw *);
/* 1: it is behind a call that the kernel makes again, unless a handler is to run first. */
int pico_linux_is_restarted(const struct pico_raw *);
/* 1: the instruction that begins with these four bytes makes a call. */
int pico_linux_is_call(uint32_t machine, const uint8_t *code);
/* 1: these bytes are x86's instruction that makes calls of that ABI. */
enum { PICO_LINUX_CALL_SIZE = 2 };
int pico_linux_makes_call(int abi, const uint8_t *code);

/* Change the registers by a set of enum pico_alter: at the entry number, arguments, answer, at the exit the
 * result. 0; -EINVAL: a value that does not fit; -EOPNOTSUPP: registers that are not known here. */
int pico_linux_regs_alter(struct pico_raw *, const struct pico_event *call, int what);
/* Have the instruction at `at` make the call that is in the registers. */
int pico_linux_regs_again(struct pico_raw *, int abi, uint64_t at);
int pico_linux_regs_put_pc(struct pico_raw *, int abi, uint64_t pc);
/* At an exit: what the call has given, as retval or error. */
void pico_linux_regs_result(const struct pico_raw *, struct pico_event *call);
/* The bases and selectors of segments as they are now, for a call may set them. */
void pico_linux_regs_keep_bases(struct pico_raw *, const struct pico_raw *now);
/* The number that goes with this change and is none of these registers; 0: there is none to set. */
int pico_linux_number_apart(const struct pico_raw *, const struct pico_event *call, int what, int32_t *number);
/* At the exit: what still is as it was changed to becomes what it was before. */
void pico_linux_regs_put_back(struct pico_raw *now, const struct pico_raw *before,
    const struct pico_raw *changed, int abi);

#endif
