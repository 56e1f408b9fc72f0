/*
 * The table of processes and LWPs. Knows no kernel: it is told what happened.
 */
#ifndef PICO_LWPS_H
#define PICO_LWPS_H

#include <stdint.h>

#include "kernel.h"

enum pico_leaving {
	PICO_STAYS = 0,
	PICO_LEAVING,
	PICO_LEAVING_SILENTLY	/* it was never announced, or its leaving was: nobody is to hear more of it */
};

struct pico_process {
	int32_t pid;
	uint32_t lwps;		/* how many are in the table */
	uint8_t spawned;	/* we started it, or an ancestor: it ends with the loop */
	uint32_t arriving;	/* LWPs attached to whose first stop has not come */
	uint8_t incomplete;	/* it may have LWPs that are still to be attached to */
	uint8_t stopping;	/* a signal that stops it was passed on, and no LWP has stopped for it yet */
	uint8_t stopped;	/* a group stop is in effect */
	uint8_t leader_gone;	/* its first LWP has exited while others live on */
	uint8_t leaving;	/* enum pico_leaving: whether to let go of each LWP at its next stop */
	uint8_t filtered;	/* it has our filter in the kernel, and cannot be let go */
	uint8_t confined;	/* it may have one of its own beside, so that ours does not show all: its calls stop all */
	int32_t execed;		/* the LWP whose execve is known of before its event, else 0 */
	struct pico_lwp *stepping;	/* its call is over, and a step of it is to tell the whole result */
	char program[24];
	struct pico_process *next;
};

enum pico_lwp_state {
	PICO_LWP_RUNNING = 0,
	PICO_LWP_STANDING,	/* in a stop that the loop has not resumed */
	PICO_LWP_LISTENING,	/* in a group stop */
	PICO_LWP_HELD,		/* stopped before the event of its creator came: process is NULL */
	PICO_LWP_EXPECTED	/* its creator's event came, its own first stop did not */
};

enum pico_answered {
	PICO_UNANSWERED = 0,
	PICO_ANSWERED,		/* its SCX follows */
	PICO_ANSWERED_NOW	/* no SCX follows: one is made */
};

struct pico_lwp {
	int32_t id;
	uint8_t state;
	uint8_t in_call;	/* between SCE and SCX */
	uint8_t skip_exit;	/* the next SCX ends a call that is the tracer's own doing */
	uint8_t birth;		/* the kind to be recorded at its first stop, PICO_NONE: none */
	uint8_t trapped;	/* the trap of its step comes after the event in hand */
	uint8_t stepped;	/* the tracer has asked for PICO_RESUME_STEP or _BLOCK, and no event has come since; 0: no */
	uint8_t asked;		/* of the new image it stands at it was asked whether to trace it on */
	uint8_t unfollowed;	/* it stops with its process, and nothing is reported of it */
	uint8_t breaks;		/* the tracer has set a breakpoint */
	uint8_t altered;	/* number or arguments of the call it is in were changed */
	uint8_t answered;	/* enum pico_answered: that call is not executed, */
	int32_t error;		/* and fails with this, or gives `retval` */
	uint8_t keeps;		/* that call makes a child that asks not to be traced, and is, silently */
	uint8_t again;		/* the tracer has made a call of its own meanwhile: that one is entered once more */
	uint8_t silent;		/* such a child, or one of its: nothing is reported of it */
	uint8_t refused;	/* it was to be let go, and the kernel would not */
	uint8_t ready;		/* is in the list of stops to be taken, */
	uint8_t waits;		/* and is taken after others of its process */
	uint8_t stops;		/* the signal to be passed on stops its process */
	uint16_t abi;
	uint16_t nargs;
	int32_t sysnum;
	int32_t made;		/* the last child or LWP that it was said to make; below 0: before it was attached to */
	int32_t signo;		/* to be passed on when it is resumed */
	int32_t resume;		/* how it is to be resumed */
	int32_t status;		/* HELD, or ready: the wait status of the stop to be taken; else of the last */
	int32_t parent;		/* HELD: the parent of the process it is in */
	int32_t owner;		/* HELD: the process it is in */
	char program[24];	/* HELD: the name of that process */
	uint64_t held_ns;	/* HELD: since when, or later by what does not count */
	uint64_t enter_seq;
	uint64_t enter_ns;	/* when the SCE was taken */
	uint64_t delay_ns;	/* it is to stand so much longer when it would be resumed, */
	uint64_t wake_ns;	/* and does until then (CLOCK_MONOTONIC); 0: it does not */
	uint64_t args[8];
	uint64_t retval[2];	/* the one that is stepping: the result as far as it is known; answered: it */
	struct pico_process *process;
	struct pico_lwp *next_ready;
};

struct pico_lwps {
	struct pico_lwp **slots;	/* open addressing; its size is a power of two */
	uint32_t size, used;
	uint32_t held;
	uint32_t delayed;	/* how many have a wake_ns */
	struct pico_process *processes;
	struct pico_lwp *first_ready, *last_ready;
};

int pico_lwps_init(struct pico_lwps *);
void pico_lwps_destroy(struct pico_lwps *);
struct pico_lwp *pico_lwps_find(const struct pico_lwps *, int32_t id);
/* The LWP of that process; NULL process: a held one. Ids need not be unique beyond their process (NetBSD
 * before 10). */
struct pico_lwp *pico_lwps_find_in(const struct pico_lwps *, const struct pico_process *, int32_t id);
/* The one that is stepping, or the first, or any LWP of a process. */
struct pico_lwp *pico_lwps_any(const struct pico_lwps *, const struct pico_process *);
void pico_lwps_rename(struct pico_lwps *, struct pico_lwp *, int32_t id);
struct pico_process *pico_lwps_process(const struct pico_lwps *, int32_t pid);
/* Add an LWP to a process; NULL process: held. Returns NULL when memory ran out. */
struct pico_lwp *pico_lwps_add(struct pico_lwps *, int32_t id, struct pico_process *);
/* Add a new process with one LWP. */
struct pico_lwp *pico_lwps_add_process(struct pico_lwps *, int32_t pid, int32_t id,
    const struct pico_process *like);
/* Give a held LWP its process. */
void pico_lwps_adopt(struct pico_lwps *, struct pico_lwp *, struct pico_process *);
/* Make a held LWP the first of a new process. */
int pico_lwps_adopt_process(struct pico_lwps *, struct pico_lwp *, const struct pico_process *like);
void pico_lwps_remove(struct pico_lwps *, struct pico_lwp *);
/* After an execve by `old`, which now has the id of its process: the other LWPs are no more. */
struct pico_lwp *pico_lwps_exec(struct pico_lwps *, struct pico_lwp *leader, int32_t old);
/* The same before the event of it: the id of `old` is seen to be another's already. It is freed. Returns 0
 * or -ENOMEM. */
int pico_lwps_exec_early(struct pico_lwps *, struct pico_lwp *old);
/* A stop that is to be taken before the kernel is asked for another. */
void pico_lwps_push_ready(struct pico_lwps *, struct pico_lwp *, int32_t status);
/* The LWPs one after another: *cursor starts at 0; NULL ends. Nothing may be added meanwhile; after
 * the LWP in hand was removed, take 1 from the cursor: another may have moved into its place. */
struct pico_lwp *pico_lwps_next(const struct pico_lwps *, uint32_t *cursor);
struct pico_lwp *pico_lwps_pop_ready(struct pico_lwps *);

#endif
