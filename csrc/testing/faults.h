/*
 * A kernel that fails: another one, of which one call fails as it is told to. It notes all calls, so that one run
 * without a fault tells where there is a call to fail in the next, and who stands still in the end.
 */
#ifndef PICO_FAULTS_H
#define PICO_FAULTS_H

#include "../core/kernel.h"

/* cffi: begin */

/* The functions of the contract that ask the system something. */
enum pico_fault_in {
	PICO_IN_NONE = 0,
	PICO_IN_WAIT = 1,
	PICO_IN_ANSWER = 2,
	PICO_IN_RESUME = 3,
	PICO_IN_SPAWN = 4,
	PICO_IN_SET_FILTER = 5,
	PICO_IN_KEEP_CHILD = 6,
	PICO_IN_ATTACH = 7,
	PICO_IN_DETACH = 8,
	PICO_IN_INTERRUPT = 9,
	PICO_IN_KILL = 10,
	PICO_IN_CHILDREN = 11,
	PICO_IN_FAMILY = 12,
	PICO_IN_PROGRAM = 13,
	PICO_IN_IMAGE = 14,
	PICO_IN_READ = 15,
	PICO_IN_WRITE = 16,
	PICO_IN_SEND = 17,
	PICO_IN_SET_SIGINFO = 18,
	PICO_IN_GET_REGS = 19,
	PICO_IN_SET_REGS = 20,
	PICO_IN_ALTER = 21,
	PICO_IN_TICK = 22,
	PICO_IN_STEP_TOO = 23
};

enum pico_fault_then {
	PICO_FAULT_ONCE = 0,
	PICO_FAULT_FOR_EVER = 1,	/* so does every later call of that function */
	PICO_FAULT_KILLED = 2		/* every later call about that process fails, but for kill: it was killed just
					 * before. Its end comes by the kernel below. */
};

struct pico_fault {
	int32_t at;		/* the number of the call that fails, from 1; 0: none does */
	int32_t error;		/* an errno */
	int32_t then;		/* enum pico_fault_then */
};

/* A call, and what came of it; WAIT and SPAWN that gave a stop: of which LWP (NetBSD: process), and its status. */
struct pico_fault_call {
	int32_t function;	/* enum pico_fault_in */
	int32_t pid, lwp;
	int32_t status;
	int64_t result;
};

/* The kernel below is borrowed. NULL: no memory. */
struct pico_kernel *pico_faults_open(struct pico_kernel *, const struct pico_fault *);
void pico_faults_free(struct pico_kernel *);
/* The calls so far, the oldest first; returns how many there were. */
int pico_faults_calls(const struct pico_kernel *, struct pico_fault_call *, int max);

/* cffi: end */

#endif
