/*
 * What the files of the Linux kernel share. Only here and below is a Linux header included.
 */
#ifndef PICO_LINUX_KERNEL_H
#define PICO_LINUX_KERNEL_H

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/types.h>
#include <time.h>

#include "../core/kernel.h"

/* A stop or an end that was waited for before the loop asked. */
struct linux_early {
	int32_t id, status;
};

/* A tracee that is a child of this program. */
struct linux_host_child {
	int32_t pid;
	int32_t status;		/* EXITS: as wait(2) is going to tell it, if nothing comes between */
	enum {
		PICO_HOST_CHILD_LIVES = 0,
		PICO_HOST_CHILD_EXITS,	/* its first LWP stands where it is about to exit */
		PICO_HOST_CHILD_LET_GO	/* that LWP is not traced any more */
	} state;
};

/* Traced tasks are always eligible for a wait with __WCLONE; a child of the host's own, whose exit
 * signal is SIGCHLD, never is. __WNOTHREAD leaves the tracees of other threads to them. */
#define PICO_WAIT_OURS (__WCLONE | __WNOTHREAD)

/* A number for each id: ids.c. */
struct linux_ids {
	struct linux_id {
		int32_t id;
		uint32_t number;
	} *slots;
	uint32_t size, used;
};

/* The LWPs that have stopped, or been made, for this loop, and have not ended; and who of them is asked for a stop,
 * in which order: turns.c. */
struct linux_turn {
	int32_t id;
	uint32_t misses;	/* how often in a row it had nothing to tell */
};
struct linux_turns {
	struct linux_turn *all;	/* the active before the idle */
	uint32_t active, count, room;
	struct linux_ids places;	/* in `all` */
	uint32_t next;		/* of the active, to be asked */
	uint32_t sweeping;	/* how many of the idle are still to be asked */
	int64_t swept_ns;
};

/* The LWP that shares a processor with the tracer: pin.c. */
struct linux_pin {
	int mode;		/* enum pico_pin, or a processor */
	int cpu;
	int32_t lwp;		/* 0: none does */
	int32_t last;		/* the one that did before; 0: none, or it is not to any more */
	int64_t pinned_ns;
	cpu_set_t before, tracer;	/* where they may run, but for us */
	struct linux_ids never;		/* processes that are not pinned again */
	int32_t hot;		/* whose stops are counted, and the others' */
	uint32_t count, others;
	int64_t since_ns;
};

struct linux_kernel {
	struct pico_kernel ops;		/* first: the contract's view of it */
	pid_t thread;			/* the thread that opened it; ptrace belongs to that one alone */
	timer_t timer;
	int tick_was_blocked;		/* in the mask of that thread */
	struct linux_early *early;	/* in the order they came */
	uint32_t early_next, early_count, early_room;
	struct linux_turns turns;
	struct linux_kernel *other;	/* of this thread's: sharing.c */
	int32_t refused;		/* the LWP that could not be had by the last attach; 0: none */
	struct linux_host_child *host_children;
	uint32_t host_children_count;
	int breakpoints;		/* one was set */
	struct linux_altered *altered;
	uint32_t altered_count;
	struct linux_syscall *syscall;	/* the one that is being made for the tracer */
	const void *filter;		/* for what is spawned: struct sock_filter */
	uint32_t filter_size;
	struct linux_pin pin;
};

/* kernel.c */
int pico_linux_answer_regs(struct pico_raw *);
unsigned long pico_linux_options(int report, int spawned);

/* wait.c */
int pico_linux_wait(struct pico_kernel *, int block, struct pico_raw *);
/* A stop or an end that was waited for is the loop's; 0: no memory. */
int pico_linux_keep(struct linux_kernel *, int32_t id, int32_t status);
/* Take what has stopped or ended by now, for the loop to be given later; LWPs of that process that are about to
 * exit go on. */
void pico_linux_wait_early(struct linux_kernel *, int32_t pid);
/* What the files that keep something about LWPs are to know of a stop or an end. */
void pico_linux_note(struct linux_kernel *, int32_t id, int32_t status);

/* missed.c */
int pico_linux_missed(struct pico_kernel *, int32_t pid, int32_t lwp, struct pico_raw *);

/* look.c: as wait4(2), for any (-1) or for one; but the end of a child of the program's own is not taken. */
pid_t pico_linux_wait_for(int32_t id, int *status, int flags);

/* sharing.c: several loops in one thread. */
void pico_linux_share(struct linux_kernel *);
void pico_linux_unshare(struct linux_kernel *);
/* The loops of this thread, linked by `other`. */
struct linux_kernel *pico_linux_first(void);
/* Whose the LWP is that has stopped or ended: the waiter's, where nothing else is known. */
struct linux_kernel *pico_linux_owner(struct linux_kernel *waiter, int32_t id);

/* ids.c */
/* NULL: there is none for that one. */
uint32_t *pico_linux_ids_find(const struct linux_ids *, int32_t id);
/* 0 or -ENOMEM. */
int pico_linux_ids_put(struct linux_ids *, int32_t id, uint32_t number);
void pico_linux_ids_remove(struct linux_ids *, int32_t id);
void pico_linux_ids_free(struct linux_ids *);

/* turns.c */
/* That LWP is this loop's, and may stop from now on; it is no more; whether it is. */
void pico_linux_own(struct linux_kernel *, int32_t id);
void pico_linux_disown(struct linux_kernel *, int32_t id);
int pico_linux_owns(const struct linux_kernel *, int32_t id);
/* 1: a stop or an end of whose turn it is; 0: of none of them. */
int pico_linux_turn_next(struct linux_turns *, struct pico_raw *);
void pico_linux_turns_free(struct linux_turns *);

/* spawn.c */
int pico_linux_spawn(struct pico_kernel *, const struct pico_launch *, int report, struct pico_raw *);

/* filter.c */
int pico_linux_set_filter(struct pico_kernel *, const void *program, uint32_t size);
/* In the child: take it into the kernel. 0 or -errno. */
int pico_linux_filter_install(const struct linux_kernel *);

/* untraced.c */
int pico_linux_keep_child(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *call, int over);

/* pin.c */
int pico_linux_set_pin(struct pico_kernel *, int cpu);
/* Put back what was there before. */
void pico_linux_unpin(struct linux_kernel *);
void pico_linux_pin_close(struct linux_kernel *);
/* What it is to know: a stop or end; a tick; that a call is entered; a new LWP or process; that an LWP's id has
 * changed. All but the last are for PICO_PIN_AUTO only. */
void pico_linux_pin_stopped(struct linux_kernel *, int32_t lwp, int32_t status);
void pico_linux_pin_tick(struct linux_kernel *);
void pico_linux_pin_entry(struct linux_kernel *, const struct pico_raw *);
void pico_linux_pin_made(struct linux_kernel *, int32_t creator, int32_t child);
void pico_linux_pin_renamed(struct linux_kernel *, int32_t before, int32_t now);
/* Which calls are entered is not known: nobody who asks could be told the truth. */
void pico_linux_pin_blind(struct linux_kernel *);

/* attach.c */
/* Whether that process has that LWP. */
int pico_linux_is_there(int32_t pid, int32_t lwp);
int pico_linux_attach(struct pico_kernel *, int32_t pid, int report, int32_t *lwps, int max);

/* gather.c */
int pico_linux_gather(struct pico_kernel *, int32_t pid, int32_t *lwps, int count, uint64_t timeout_ns);

/* host_children.c: how they end is for this program to learn, not for us to take. */
/* 1: that process is one, and is remembered; 0: it is not. */
int pico_linux_host_child_add(struct linux_kernel *, int32_t pid);
void pico_linux_host_child_stopped(struct linux_kernel *, int32_t lwp, int32_t status);
/* 1: it is the first LWP of one, stood where it was about to exit, and has been let go. */
int pico_linux_host_child_let_go(struct linux_kernel *, int32_t lwp);
/* It is not traced any more, and its process's end is looked at. */
int pico_linux_is_let_go(struct linux_kernel *, int32_t lwp);
void pico_linux_host_child_detached(struct linux_kernel *, int32_t lwp);
int pico_linux_is_host_child(int32_t pid);
/* What waitid(2) has told, as wait(2) would. */
int32_t pico_linux_wait_status(const siginfo_t *);
/* 1: one has ended; -EINTR; 0: none. */
int pico_linux_host_child_ended(struct linux_kernel *, struct pico_raw *);

/* proc.c: whether /proc is that of another pid namespace. */
int pico_linux_proc_is_anothers(void);
/* What /proc tells. 0 or -errno; *value is 0 where the field is not there. */
int pico_linux_status_field(int32_t id, const char *field, int64_t *value);
/* The same of a set of signals, bit 0 being signal 1. */
int pico_linux_status_mask(int32_t id, const char *field, uint64_t *mask);
int pico_linux_is_zombie(int32_t id);
/* Whether the first LWP of a process has exited while others live on. */
int pico_linux_has_lost_first(int32_t pid);
/* When it was started, in ticks since the system was; -1: it is not there. */
int64_t pico_linux_started(int32_t id);
int pico_linux_children(struct pico_kernel *, int32_t pid, int32_t *pids, int max);
int pico_linux_family(struct pico_kernel *, int32_t lwp, int32_t *pid, int32_t *parent);
int pico_linux_program(struct pico_kernel *, int32_t pid, char *name, size_t size);
int64_t pico_linux_image(struct pico_kernel *, int32_t pid, int what, uint64_t offset, void *, size_t);
int pico_linux_refusal(struct pico_kernel *, int32_t pid, int error, int32_t *detail);

/* memory.c */
int64_t pico_linux_read(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, void *, size_t);
int64_t pico_linux_write(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, const void *,
    size_t);

/* deliver.c */
int pico_linux_send(struct pico_kernel *, int32_t pid, int32_t lwp, int signo);
int pico_linux_set_siginfo(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *);

/* alter.c */
int64_t pico_linux_get_regs(struct pico_kernel *, int32_t pid, int32_t lwp, void *, size_t);
int64_t pico_linux_get_regset(struct pico_kernel *, int32_t pid, int32_t lwp, uint32_t set, void *, size_t);
int pico_linux_set_regs(struct pico_kernel *, int32_t pid, int32_t lwp, const void *, size_t);
int pico_linux_alter(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *call, int what);
/* 1: the next instruction makes a call, where it goes on with that signal, 0: none. */
int pico_linux_at_call(int32_t lwp, int signo);
void pico_linux_altered_stopped(struct linux_kernel *, int32_t lwp, int32_t status);

/* syscall.c */
int pico_linux_syscall(struct pico_kernel *, int32_t pid, int32_t lwp, struct pico_event *call, int how);

/* trapped.c */
int pico_linux_trapped(struct pico_kernel *, int32_t lwp);

/* breakpoint.c */
int pico_linux_breakpoint(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, int set);
/* Of an LWP that is let go: nobody would wait for it any more. */
void pico_linux_breakpoints_clear(const struct linux_kernel *, int32_t lwp);

/* tick.c: have this thread interrupted at intervals. */
int pico_linux_tick_open(struct linux_kernel *);
void pico_linux_tick_close(struct linux_kernel *);
int pico_linux_tick(struct pico_kernel *, uint64_t interval_ns);
/* 1 once after each tick of this thread. */
int pico_linux_ticked(void);
/* The next tick of this thread leaves the call that is under way, by a jump. NULL: no more. */
void pico_linux_tick_escape(sigjmp_buf *);
/* Tick at this interval for a while; give `before` to go back to what was. */
void pico_linux_tick_lend(struct linux_kernel *, uint64_t interval_ns, struct itimerspec *before);
void pico_linux_tick_return(struct linux_kernel *, const struct itimerspec *before);
/* The signal the ticks come by, which a tracee is to get as it would be without us. */
int pico_linux_tick_signal(void);
int pico_linux_tick_was_ignored(void);

#endif
