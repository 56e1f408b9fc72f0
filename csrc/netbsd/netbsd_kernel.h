/*
 * What the files of the NetBSD kernel share. Only here and below is a NetBSD header included.
 */
#ifndef PICO_NETBSD_KERNEL_H
#define PICO_NETBSD_KERNEL_H

#include <sys/types.h>
#include <stdatomic.h>
#include <time.h>

#include "../core/kernel.h"
#include "abi.h"

struct netbsd_lwps {
	int32_t *ids;
	uint32_t count;
};

struct netbsd_turn {
	int32_t lwp;
	uint8_t had;		/* it is about to enter a call, or its slice is over */
};

struct netbsd_way_out {
	int32_t lwp;
	uint64_t left;		/* where it is then; 0: that cannot be known */
};

struct netbsd_tracee {
	int32_t pid;
	int32_t lwp;		/* that the stop in hand is of; 0: none in particular */
	int32_t one_lwp;	/* the only one when it was attached to, or whose the first stop was; 0: none was any LWP's */
	int32_t listed;		/* the last LWP that attaching has told of, where there may be more; 0: there are none */
	int32_t status;		/* waited for, and not given to the loop yet: has_status */
	uint8_t has_status;
	uint8_t stands;		/* its stop was given to the loop, and it was not resumed */
	uint8_t is_new;		/* a child that has not stopped yet: it has no event mask of its own */
	uint8_t stop_asked;	/* a SIGSTOP of ours is on its way */
	uint8_t answered;	/* the call it stands in is not executed: the tracer has answered it */
	uint8_t is_hosts;	/* a child of this program's: its end is left to be waited for by that */
	uint8_t was_stopped;	/* by job control, before it was attached to: it is left so */
	uint8_t has_just_gone;	/* it was resumed, and not looked at since */
	uint8_t unseen;		/* its calls are not seen, and ends of its LWPs not reported */
	uint8_t knows_image;	/* and these are of it: */
	uint8_t narrow;		/* its registers have 32 bits, */
	uint8_t foreign;	/* its calls are another system's */
	uint8_t has_lwps;	/* it has, or had, more than one */
	uint8_t inside;		/* the LWP in hand stands inside a call, or about to enter it, or has taken a step */
	uint8_t returns;	/* it stands at the exit of a call, or where a child begins */
	uint8_t rest;		/* so many stops more without turns */
	uint8_t slice_ends;	/* a SIGSTOP of ours is on its way that the loop knows nothing of */
	int request;		/* by which it was last resumed */
	int stepping;		/* and, where that was a step, for which LWP alone: its id, negative */
	int32_t aimed_at;	/* the LWP that a signal was passed on to, and that goes on alone; 0: none does */
	int wanted;		/* the request by which it is to go on after that */
	int passed;		/* that signal */
	struct netbsd_lwps suspended;	/* until that one's next stop */
	int32_t chosen;		/* that LWP, where it is one of those that could take it; 0: it was for that one */
	struct pico_raw before;	/* its registers */
	int32_t not_for;	/* one that could not */
	int64_t taken;		/* how many signals the process had taken before; -1: that is not told */
	uint8_t told[NETBSD_PSI_SIZE];	/* its siginfo */
	uint8_t faulted;	/* the stop in hand is of a fault, and another is for what is passed on: faults.c */
	int echo;		/* a signal that one more stop is for: faults.c */
	int lost;		/* one that was passed on in vain, and is to be passed on again: aim.c */
	uint8_t lost_told[NETBSD_PSI_SIZE];	/* its siginfo */
	struct netbsd_turn *turns;	/* this round's */
	uint32_t turn_count, turn;
	struct netbsd_lwps ending;	/* that have told of their ends, and not gone on since: turns.c */
	struct netbsd_lwps steps;	/* with PT_SETSTEP: steps.c */
	struct netbsd_lwps trapping;	/* with PT_STEP, out of calls, and have come to no stop of their own since */
	struct netbsd_way_out *leaving;	/* LWPs whose steps have to lead out of calls first */
	uint32_t leaving_count;
	int32_t to_exec;	/* the LWP that is about to enter an execve; 0: none is */
	uint8_t exec_entry[NETBSD_PSI_SIZE];	/* the siginfo of that */
	int32_t execing;	/* the LWP that is in one; 0: none is */
	int32_t alone;		/* the LWP that was let go alone; 0: all were */
	uint64_t alone_until_ns;
};

struct netbsd_altered;

struct netbsd_kernel {
	struct pico_kernel ops;	/* first: the contract's view of it */
	int report;		/* enum pico_report */
	struct netbsd_tracee *tracees;
	uint32_t count, room;
	struct netbsd_altered *altered;	/* LWPs in calls that were changed: alter.c */
	uint32_t altered_count;
	uint32_t next;		/* where the next look for a stop begins: none is passed over */
	int queue;		/* kqueue(2): of SIGCHLD, and of `wake` */
	int wake[2];		/* a pipe: something for the wait to return for */
	_Atomic uint32_t tick_us;	/* 0: the wait does not return for ticks */
	_Atomic uint32_t sleeps;	/* on the queue, or is about to, with the interval of before */
	uint32_t timer_us;	/* what the queue's timer is set to; 0: there is none */
	uint32_t waits;
	uint8_t waits_for_any;	/* every child of this program is a tracee of this kernel, and is found so: tick.c */
	timer_t timer;		/* that ticks then */
	uint8_t quiet;		/* nothing has happened since the last tick */
	uint64_t ticked_ns;	/* when the wait last returned for a tick */
	uint64_t suspect_ns;	/* until then one that was killed may have left a child that nobody told of */
	struct netbsd_kernel *other;	/* of this program's: see tracees.c */
};

/* kernel.c: the errno of a ptrace(2) that failed, in the words of the contract: -ESRCH for an LWP that is not
 * there to be asked (NetBSD says EBUSY of one that is not stopped). */
int pico_netbsd_error(void);
/* Have it go on by that request; where that is for calls, and without a signal, in turns. 0 or -errno. */
int pico_netbsd_let_go(const struct netbsd_kernel *, struct netbsd_tracee *, int request, int data);
/* The signal to resume with: to pass on one that stops has the process stop by it again, and again without end,
 * handler or not (10.99.12: ptrace_sendsig()). */
int pico_netbsd_to_pass(int signo);
/* What the registers of this system are of: ELF's e_machine, EM_NONE where they are not known to us. */
uint32_t pico_netbsd_machine(void);

/* tracees.c */
struct netbsd_tracee *pico_netbsd_find(struct netbsd_kernel *, int32_t pid);
struct netbsd_tracee *pico_netbsd_add(struct netbsd_kernel *, int32_t pid);
void pico_netbsd_forget(struct netbsd_kernel *, struct netbsd_tracee *);
/* What it holds. */
void pico_netbsd_tracee_free(struct netbsd_tracee *);
/* Traced children of this program that no kernel of it knows: made by one that was killed before it could
 * tell. They are taken in. */
void pico_netbsd_find_orphans(struct netbsd_kernel *);
void pico_netbsd_register(struct netbsd_kernel *);
void pico_netbsd_unregister(struct netbsd_kernel *);

/* lwps.c */
int pico_netbsd_has_lwp(const struct netbsd_lwps *, int32_t lwp);
/* 0, also where it is among them, or -ENOMEM. */
int pico_netbsd_put_lwp(struct netbsd_lwps *, int32_t lwp);
/* Where it is among them. */
void pico_netbsd_drop_lwp(struct netbsd_lwps *, int32_t lwp);
/* All of them. */
void pico_netbsd_drop_lwps(struct netbsd_lwps *);

/* wait.c */
int pico_netbsd_wait_open(struct netbsd_kernel *);
void pico_netbsd_wait_close(struct netbsd_kernel *);
int pico_netbsd_wait(struct pico_kernel *, int block, struct pico_raw *);
/* As waitpid(2), but of a child of the host's a stop is taken, and an end is looked at: the host is to have it. */
pid_t pico_netbsd_wait_for(const struct netbsd_tracee *, int *status, int flags);
uint64_t pico_netbsd_now(void);
/* A tracee was killed: look for what it may have left behind. */
void pico_netbsd_suspect(struct netbsd_kernel *);
/* Events are reported of those processes alone whose mask says so: a new child's is empty. */
int pico_netbsd_set_mask(const struct netbsd_kernel *, const struct netbsd_tracee *);

/* missed.c */
int pico_netbsd_missed(struct pico_kernel *, int32_t pid, int32_t lwp, struct pico_raw *);

/* tick.c */
int pico_netbsd_tick(struct pico_kernel *, uint64_t interval_ns);
void pico_netbsd_alone(struct pico_kernel *);
/* It waits for each tracee, and asleep on the queue, from now on. */
void pico_netbsd_tick_close(struct netbsd_kernel *);
/* Whether a tick has come since this was last asked, where the kernel is alone. */
int pico_netbsd_ticked(void);

/* siginfo.c: PT_GET_SIGINFO, as a 64-bit system has it. */
int pico_netbsd_siginfo(int32_t pid, uint8_t *siginfo);
/* Have the signal that is passed on say that of itself. */
void pico_netbsd_tell(int32_t pid, const uint8_t *siginfo);
/* Whether that is a SIGTRAP of this code. */
int pico_netbsd_is_trap(const uint8_t *siginfo, int32_t code);

/* spawn.c */
int pico_netbsd_spawn(struct pico_kernel *, const struct pico_launch *, int report, struct pico_raw *);

/* attach.c */
int pico_netbsd_attach(struct pico_kernel *, int32_t pid, int report, int32_t *lwps, int max);
int pico_netbsd_interrupt(struct pico_kernel *, int32_t pid, int32_t lwp);

/* detach.c */
int pico_netbsd_detach(struct pico_kernel *, int32_t pid, int32_t lwp, int signo);

/* turns.c */
struct kinfo_lwp;
/* Whether it would come to a stop again, let go alone: it stands, and not because it stopped while it slept. */
int pico_netbsd_can_run(const struct netbsd_tracee *, const struct kinfo_lwp *);
/* The LWP that is to be let go alone from the stop in hand; 0: all of them. */
int32_t pico_netbsd_turn(struct netbsd_tracee *);
void pico_netbsd_turns_end(struct netbsd_tracee *);
/* That LWP runs alone for a slice. */
void pico_netbsd_slice(struct netbsd_tracee *, int32_t lwp);
/* Nanoseconds until one that runs alone has had its slice, which then is ended; UINT64_MAX: no matter. */
uint64_t pico_netbsd_slice_left(struct netbsd_tracee *, uint64_t now);
/* Whether a SIGSTOP is but the end of a slice. */
int pico_netbsd_is_slice_end(struct netbsd_tracee *);

/* execve.c */
/* What a stop says of an execve: one begins, or is over. */
void pico_netbsd_note_execve(struct netbsd_kernel *, struct netbsd_tracee *, const uint8_t *siginfo);
/* The LWP that is about to enter one goes on, or that is in one, alone. 1; 0: there is none, or it is to go on with all. */
int pico_netbsd_execute(const struct netbsd_kernel *, struct netbsd_tracee *);
/* The siginfo of a stop that is but the return from one that has failed becomes that of its exit. */
void pico_netbsd_make_exit(const struct netbsd_tracee *, uint8_t *siginfo);

/* steps.c */
/* That LWP goes on for one instruction: 0 or -errno. */
int pico_netbsd_step(struct netbsd_tracee *, int32_t lwp);
/* It has come to a stop of its own. */
void pico_netbsd_stepped(struct netbsd_tracee *, int32_t lwp);
/* One that takes steps takes none until it is to go on with them. */
void pico_netbsd_steps_rest(const struct netbsd_tracee *, int32_t lwp);
void pico_netbsd_steps_go_on(const struct netbsd_tracee *, int32_t lwp);
/* Whether a stop is but the way out of a call, and no instruction yet. */
int pico_netbsd_is_way_out(struct netbsd_tracee *, int status);
/* Of a process that stands, all go on as they will. */
void pico_netbsd_steps_end(struct netbsd_tracee *);
void pico_netbsd_steps_free(struct netbsd_tracee *);

/* aim.c */
/* Pass that signal on from the stop in hand; by that request it goes on afterwards. 0 or -errno. */
int pico_netbsd_pass(const struct netbsd_kernel *, struct netbsd_tracee *, int request, int signo);
/* The same for one that was lost. */
int pico_netbsd_pass_again(const struct netbsd_kernel *, struct netbsd_tracee *, int request);
/* Whether the signal that was passed on last has not been taken, as far as is known. */
int pico_netbsd_has_not_taken(const struct netbsd_tracee *);
/* Who took it has come to a stop, of that status: others go on with it. 1: nobody is to be told of it, and it goes on. */
int pico_netbsd_pass_end(const struct netbsd_kernel *, struct netbsd_tracee *, int status);

/* faults.c */
/* Of a stop for that signal: what is passed on from it may be another, and have another siginfo. */
void pico_netbsd_note_fault(struct netbsd_tracee *, int signo, const uint8_t *siginfo);
/* Whether a stop for that signal has nothing new to tell. */
int pico_netbsd_is_echo(struct netbsd_tracee *, int signo);
/* Whether that signal, which it stands for, is of a fault that is done again where it is not passed on. */
int pico_netbsd_comes_again(const struct netbsd_tracee *, int signo);
/* The same for one of that siginfo. */
int pico_netbsd_is_done_again(const uint8_t *siginfo, int signo);

/* proc.c: what sysctl(3) tells. */
struct kinfo_proc2;
/* 1: there is that process; 0: there is not. */
int pico_netbsd_proc(int32_t pid, struct kinfo_proc2 *);
/* Every process there is, to be freed; NULL: no memory. */
struct kinfo_proc2 *pico_netbsd_procs(size_t *count);
/* Its LWPs, to be freed; NULL: it is gone, or there is no memory. */
struct kinfo_lwp *pico_netbsd_lwps(int32_t pid, size_t *count);
/* Another SIGKILL for those that hang in their ends, and go on by that. */
void pico_netbsd_end_vain(const struct netbsd_kernel *);
int pico_netbsd_catches(int32_t pid, int signo);
/* Whether anything comes of a signal that it gets. */
int pico_netbsd_heeds(int32_t pid, int signo);
/* How many have had a handler called, or have killed it; -1: that is not told. */
int64_t pico_netbsd_taken(int32_t pid);
/* What runs in it is looked at, if that is not known yet. */
void pico_netbsd_look_at_image(struct netbsd_tracee *);
int pico_netbsd_children(struct pico_kernel *, int32_t pid, int32_t *pids, int max);
int pico_netbsd_family(struct pico_kernel *, int32_t lwp, int32_t *pid, int32_t *parent);
int pico_netbsd_program(struct pico_kernel *, int32_t pid, char *name, size_t size);
int64_t pico_netbsd_image(struct pico_kernel *, int32_t pid, int what, uint64_t offset, void *, size_t);
int pico_netbsd_refusal(struct pico_kernel *, int32_t pid, int error, int32_t *detail);

/* alter.c */
int64_t pico_netbsd_get_regs(struct pico_kernel *, int32_t pid, int32_t lwp, void *, size_t);
/* The same, into a raw, with the machine that they are of. */
int pico_netbsd_read_regs(int32_t pid, int32_t lwp, struct pico_raw *);
int pico_netbsd_set_regs(struct pico_kernel *, int32_t pid, int32_t lwp, const void *, size_t);
int pico_netbsd_set_siginfo(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *);
int pico_netbsd_alter(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *, int what);
/* That process has ended, is let go, or has another program. */
void pico_netbsd_altered_forget(struct netbsd_kernel *, int32_t pid);

/* core.c */
int pico_netbsd_dump_core(struct pico_kernel *, int32_t pid, const char *path);

/* memory.c */
int64_t pico_netbsd_read(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, void *, size_t);
int64_t pico_netbsd_write(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, const void *,
    size_t);

#endif
