/*
 * The tracer's loop: wait -> decode -> filter -> sink or return.
 */
#ifndef PICO_LOOP_H
#define PICO_LOOP_H

#include <stdint.h>

#include "event.h"
#include "kernel.h"
#include "text.h"

/* cffi: begin */

struct pico_loop;

/* What becomes of an event that was asked for. */
enum pico_mode {
	PICO_MODE_STOP = 0,	/* returned alone; its LWP stands still until the next call */
	PICO_MODE_STREAM = 1,	/* returned in a batch; the LWP runs on at once */
	PICO_MODE_TEXT = 2	/* written as a line; nothing is returned but the end, and 1 where lines that are KEPT
				 * are to be taken */
};

/* Who is traced besides the LWPs that a process has when it is started or attached to. */
enum pico_follow {
	PICO_FOLLOW_LWPS = 0,	/* LWPs that they make */
	PICO_FOLLOW_ALL = 1,	/* and children */
	PICO_FOLLOW_NONE = 2
};

/* `events` has the bits 1 << kind, `follow` is an enum pico_follow. The loop owns the kernel from here on, also
 * where it fails. */
struct pico_loop *pico_loop_open(struct pico_kernel *, uint32_t events, int follow, int *error);
/* Names, text and filter are borrowed until the loop is freed. */
void pico_loop_set_syscalls(struct pico_loop *, int abi, const struct pico_names *);
/* Only calls whose bit is set are reported, the first bit being that of number `first`; a number
 * without a bit is, where `others`. */
void pico_loop_set_filter(struct pico_loop *, int abi, const uint8_t *bits, int32_t first, uint32_t count,
    int others);
/* Only exits of calls whose error (0: none) has its bit set, as above. */
void pico_loop_set_errors(struct pico_loop *, const uint8_t *bits, int32_t first, uint32_t count, int others);
/* Only exits of calls that took longer than this; 0: all. */
void pico_loop_set_slower_than(struct pico_loop *, uint64_t ns);
void pico_loop_set_text(struct pico_loop *, struct pico_text *);
/* 1, the default: results that the kernel does not tell whole are read from the registers, which takes one
 * step of the tracee's for each. 0: they stay cut. */
void pico_loop_set_whole_results(struct pico_loop *, int whole_results);
void pico_loop_set_mode(struct pico_loop *, int mode);
/* 1: of each process that has a new image it is asked whether to trace it on: see PICO_ASKS. 0, the default. */
void pico_loop_set_asks(struct pico_loop *, int asks);
/* The whole program does nothing but trace. */
void pico_loop_set_alone(struct pico_loop *);
/* Before anything is spawned: an enum pico_pin, or a processor. -EOPNOTSUPP: not on this system; -EINVAL: there is
 * no such processor. */
int pico_loop_set_pin(struct pico_loop *, int cpu);
/* What is spawned from now on takes a filter into the kernel that stops it at the calls of interest only; see the
 * kernel's set_filter. Only where all its children are followed, and nothing of it can be let go. enum
 * pico_filter_cost; -EOPNOTSUPP: not on this system. `program` is borrowed; NULL: no filter after all. */
int pico_loop_set_kernel_filter(struct pico_loop *, const void *program, uint32_t size);

int pico_loop_spawn(struct pico_loop *, const struct pico_launch *, int32_t *pid);
/* All LWPs of a process, or none; returns how many were attached. */
int pico_loop_attach(struct pico_loop *, int32_t pid);
/* The children that a process has now; returns how many there are, also where `max` is less. */
int pico_loop_children(struct pico_loop *, int32_t pid, int32_t *pids, int max);
/* Let go of a process: of each of its LWPs as it comes to a stop, while pico_loop_next is called; of the one that
 * stands for the caller when it would be resumed. DETACHED tells when that is done. Also one that was spawned:
 * it does not end with the loop then. -ESRCH: it is not traced. */
int pico_loop_detach(struct pico_loop *, int32_t pid);
int pico_loop_refusal(struct pico_loop *, int32_t pid, int error, int32_t *detail);

/* Let go of everything, as above, after so many calls have been recorded, their exits if those are wanted, or in so
 * many nanoseconds; 0: not so. A child that is made meanwhile goes unannounced. What was recorded by then is all but
 * DETACHED, and the EXITED or SIGNALED of those that could not be let go before. -EOPNOTSUPP: a filter in the kernel
 * is to be there. */
int pico_loop_set_limit(struct pico_loop *, uint64_t calls, uint64_t ns);
/* Whether that has come. */
int pico_loop_limit_reached(const struct pico_loop *);

enum pico_next {
	PICO_ASKS = -10000	/* no errno */
};

/* Up to `max` events. 0: no tracee is left. -EINTR: a signal came, or nothing has for a second: look
 * at your signals and call again. -ETIMEDOUT: `deadline` (CLOCK_MONOTONIC, 0: none) has passed.
 * PICO_ASKS: call pico_loop_answer, and then again; until then it asks the same. */
int pico_loop_next(struct pico_loop *, struct pico_event *batch, int max, int64_t deadline);
/* The process that PICO_ASKS is about, which stands in its execve; 0: none. */
int32_t pico_loop_asked(const struct pico_loop *);
/* 0: it is let go after its EXEC. */
void pico_loop_answer(struct pico_loop *, int keep);
/* A piece of what the image of a process was given, by enum pico_image: how many bytes, 0 at the end. */
int64_t pico_loop_image(struct pico_loop *, int32_t pid, int what, uint64_t offset, void *, size_t);
/* Copy a field of each of `count` records, `size` bytes at `offset`, to `column`. */
void pico_batch_column(const struct pico_event *, uint32_t count, uint32_t offset, uint32_t size, void *column);
/* The LWP that stands still for the event returned last; 0: none. */
int32_t pico_loop_standing(const struct pico_loop *);
/* How the first process that was spawned ended: 1 and its EXITED or SIGNALED, 0 while it lives, or where it was
 * let go. From any thread. */
int pico_loop_root_end(const struct pico_loop *, struct pico_event *);
enum pico_doing {
	PICO_RUNS = 0,		/* or sleeps, or is on its way to a stop */
	PICO_STANDS = 1,	/* in a stop, for the caller or until its turn comes */
	PICO_STOPPED_BY_SIGNAL = 2
};
/* What an LWP is doing: its process, and the call it is in (sysnum -1: none, or not known). */
struct pico_lwp_now {
	int32_t pid, lwp;
	int32_t sysnum;
	uint16_t abi, in_call;
	int32_t doing;		/* enum pico_doing */
	uint64_t since_ns;	/* CLOCK_MONOTONIC: when it entered the call, or 0 */
	char program[24];
};
/* All LWPs, in no order; returns how many there are, also where `max` is less. */
int pico_loop_lwps(const struct pico_loop *, struct pico_lwp_now *, int max);
int64_t pico_loop_read(struct pico_loop *, int32_t lwp, uint64_t addr, void *, size_t);
int64_t pico_loop_write(struct pico_loop *, int32_t lwp, uint64_t addr, const void *, size_t);

/*
 * What can be done to the LWP that stands still for the event returned last. Each returns 0 (or a count) or
 * -errno: -EBUSY, it is another LWP; -EINVAL, not at this event, or no such value; -EOPNOTSUPP, the system
 * cannot; -ESRCH, it was killed.
 */
/* At STOPPED and CRASHED: this signal is delivered instead, 0: none. At any other event it is sent. */
int pico_loop_signal(struct pico_loop *, int32_t lwp, int signo);
/* At STOPPED and CRASHED: what the signal is to say of itself; see the kernel's set_siginfo. */
int pico_loop_set_siginfo(struct pico_loop *, int32_t lwp, const struct pico_event *);

/* Have the other LWPs of its process stand as well, until the next event is asked for: how many of them do, at most
 * `max`, and their ids. Their registers can be read. */
int pico_loop_gather(struct pico_loop *, int32_t lwp, int32_t *lwps, int max);

int64_t pico_loop_get_regs(struct pico_loop *, int32_t lwp, void *, size_t);
int pico_loop_set_regs(struct pico_loop *, int32_t lwp, const void *, size_t);
int64_t pico_loop_get_regset(struct pico_loop *, int32_t lwp, uint32_t set, void *, size_t);

/* Have it execute one instruction, which SINGLESTEP tells. -EINVAL: that was not asked for. */
int pico_loop_step_one(struct pico_loop *, int32_t lwp);
/* The same, up to the next branch that is taken. */
int pico_loop_step_block(struct pico_loop *, int32_t lwp);

/* Have it stand still for so long after it would be resumed, while others go on. 0: no longer than that. */
int pico_loop_delay(struct pico_loop *, int32_t lwp, uint64_t ns);

/* Have BREAKPOINT come, or come no more, before it executes the instruction there. -EINVAL: that event was not
 * asked for, or there is no such address; -ENOSPC, -ENOENT: see the kernel's. */
int pico_loop_dump_core(struct pico_loop *, int32_t lwp, const char *path);
int pico_loop_breakpoint(struct pico_loop *, int32_t lwp, uint64_t addr, int set);

/*
 * Change the call that it stands in, by a set of enum pico_alter: at SCE the number or the first `nargs`
 * arguments (`call` then says what the tracee gets, and so does its SCX), or have it ANSWERed, by `retval`
 * or `error`; at SCX its RESULT.
 */
int pico_loop_alter(struct pico_loop *, int32_t lwp, struct pico_event *call, int what);

/* Have it make a call: call->sysnum and call->args, which gives call->retval or call->error. -EINTR: it has not
 * ended, call again to wait for it; -EINVAL: not at this event; -EAGAIN: not before the signal that has
 * interrupted its own call is delivered. */
int pico_loop_syscall(struct pico_loop *, int32_t lwp, struct pico_event *call);
/* Have the call that was not waited for end, interrupted if it sleeps. 0 or -errno, as it gives. */
int pico_loop_syscall_cancel(struct pico_loop *);

/* Make a blocked pico_loop_next return -EINTR soon. From any thread, and from a signal handler. */
void pico_loop_interrupt(struct pico_loop *);
/* End what was spawned, let go of what was attached. 0, or -ETIMEDOUT where an LWP could not be
 * stopped in time (asleep in the kernel): it stays traced until the calling thread ends. */
int pico_loop_close(struct pico_loop *, int64_t timeout_ns);
/* What happens while it is closed is to be recorded, too, for a loop that has given batches. */
void pico_loop_keep_rest(struct pico_loop *);
/* Those records, after pico_loop_close: how many, or -ENOMEM where one was lost. Theirs until it is freed. */
int pico_loop_rest(const struct pico_loop *, const struct pico_event **records);
void pico_loop_free(struct pico_loop *);

/* cffi: end */

#endif
