/* NetBSD's registers: what they say of a call, and what they are to say. Pure: compiled on every OS. */
#ifndef PICO_NETBSD_REGS_H
#define PICO_NETBSD_REGS_H

#include "../core/kernel.h"

/* How many arguments are in registers that the kernel reads after the SCE; 0: none, or not known. */
enum { PICO_NETBSD_AMD64_ARGS = 6 };

/* Make raw->regs, as they are at an SCE, those of a call with other arguments (PICO_ALTER_ARGS), or those of
 * one that the tracer has answered (PICO_ALTER_ANSWER). 0, or -EOPNOTSUPP: not on this machine. */
int pico_netbsd_regs_alter(struct pico_raw *, const struct pico_event *call, int what);
/* The program counter, 0 where the registers of this machine are not known. */
uint64_t pico_netbsd_pc_of(const struct pico_raw *);
/* So the stack pointer. */
uint64_t pico_netbsd_sp_of(const struct pico_raw *);
/* The registers that arguments are in get what they have in `before`. */
void pico_netbsd_regs_put_back(struct pico_raw *, const struct pico_raw *before);

#endif
