/*
 * The kernel contract: all that the tracer needs of an operating system.
 *
 * An OS provides a struct pico_kernel; the loop gets one as a parameter and knows nothing else of
 * the system it runs on. Each function returns 0 (or a count) or -errno. -ESRCH means one thing
 * everywhere: the LWP is not there to be asked any more (it was killed just now, or is running).
 */
#ifndef PICO_KERNEL_H
#define PICO_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct pico_lwp;

/* cffi: begin */

/* Capability bits: what this kernel can do beyond the common ground. */
enum pico_capability {
	PICO_CAN_FOLLOW_LWP = 1,	/* stops one LWP, not the whole process */
	PICO_CAN_SPAWNED = 2,		/* reports posix_spawn as an event of its own */
	PICO_CAN_STEP = 4,		/* one instruction at a time */
	PICO_CAN_WHOLE_RESULTS = 8,	/* tells 64-bit results; else their lower 32 bits, and the rest by a step */
	PICO_CAN_STEP_BLOCK = 16	/* to the next branch; the processor may execute one instruction all the same */
};

/* How a stopped LWP is to go on. */
enum pico_resume {
	PICO_RESUME_SYSCALL = 0,	/* to the next system call entry or exit */
	PICO_RESUME_CONTINUE = 1,	/* to the next event that is no system call; a decoder's word for
					 * one that is about to end */
	PICO_RESUME_LISTEN = 2,		/* stays stopped with its group, and reports when that ends */
	PICO_RESUME_LAST = 3,		/* as SYSCALL; it is about to end, and its end is to be reported */
	PICO_RESUME_GONE = 4,		/* not at all: it has ended */
	PICO_RESUME_STEP = 5,		/* for one instruction */
	PICO_RESUME_DYING = 6,		/* as SYSCALL; where ends of LWPs are stops, it is no more after that */
	PICO_RESUME_RETURN = 7,		/* out of a call, this LWP alone, to where its result can be read: a step */
	PICO_RESUME_BLOCK = 8		/* to where the next branch leads that is taken */
};

/* What spawn and attach have the kernel report beside calls, signals and ends. */
enum pico_report {
	PICO_REPORT_CHILDREN = 1,
	PICO_REPORT_EXITING = 2,	/* the first LWP's end while others live on, though no calls are seen */
	PICO_REPORT_LWPS = 4		/* new LWPs; where a process stops as a whole they are reported anyway */
};

/* What a decoder lacks. */
enum pico_need {
	PICO_DECODED = 0,
	PICO_NEED_SIGINFO = 1,
	PICO_NEED_SYSCALL_INFO = 2,
	PICO_NEED_STATE = 4,	/* Linux: PTRACE_GETEVENTMSG; NetBSD: PT_GET_PROCESS_STATE */
	PICO_NEED_OWNER = 8,	/* does the LWP in `state` belong to this process? */
	PICO_NEED_REGS = 16	/* of a call that the kernel says no more about */
};

/* One stop or end, as the kernel told it. `have` is a set of pico_need bits that were answered. */
struct pico_raw {
	int32_t id;		/* what wait returned: Linux an LWP, NetBSD a pid */
	int32_t status;		/* the wait status */
	uint32_t have;
	int32_t owned;		/* OWNER: 1 an LWP of the same process, 0 another process */
	uint32_t narrow;	/* NetBSD: registers have 32 bits */
	uint32_t foreign;	/* NetBSD: its calls are another system's */
	uint64_t state;
	uint8_t siginfo[144];
	uint8_t syscall_info[96];
	uint32_t machine;	/* REGS: what they are of, ELF's e_machine */
	uint32_t regs_size;
	uint8_t regs[288];
};

/* What a stop means. */
struct pico_decoded {
	struct pico_event event;	/* kind, and what it carries; the loop fills the rest */
	int32_t lwp;			/* the LWP that stands still; event.lwp may be 0 */
	int32_t signo;			/* the signal to be passed on when it is resumed */
	int32_t resume;			/* enum pico_resume */
	int32_t stops;			/* STOPPED: by default, this signal stops the process */
	int32_t refuse;			/* the call is to fail with this error, as it would untraced; 0: none */
	int32_t confines;		/* SCE: the process may be giving itself a filter of its own */
};

/* What a new image was given. */
enum pico_image {
	PICO_IMAGE_ARGV = 0,	/* strings, each ended by NUL */
	PICO_IMAGE_ENV = 1,
	PICO_IMAGE_AUXV = 2,	/* pairs of 64-bit words: type and value */
	PICO_IMAGE_PATH = 3	/* of its file, all at once; a NUL may end it */
};

/* What becomes of 0, 1 and 2 where no descriptor is given. */
enum pico_stdio {
	PICO_STDIO_KEEP = -1,	/* as the tracer has it */
	PICO_STDIO_NULL = -2,	/* /dev/null */
	PICO_STDIO_STDOUT = -3	/* of 2: what 1 has become */
};

/* What could not be done for a program that is started. */
enum pico_launch_step {
	PICO_LAUNCH_PROGRAM = 0,	/* the program itself */
	PICO_LAUNCH_FILES = 1,
	PICO_LAUNCH_DIRECTORY = 2,
	PICO_LAUNCH_GROUP = 3,
	PICO_LAUNCH_USER = 4,
	PICO_LAUNCH_TRACE = 5,		/* ptrace(2) is refused */
	PICO_LAUNCH_PROTECTED = 6	/* the same, because the tracer is protected, and so is its child */
};

/* A program to start. Arrays of pointers end with NULL. */
struct pico_launch {
	const char *const *paths;	/* to be tried in turn, as execvp(3) does */
	const char *const *argv;
	const char *const *envp;
	const char *cwd;		/* NULL: where the tracer is */
	int32_t stdio[3];		/* descriptors to become 0, 1, 2, or enum pico_stdio */
	int32_t close_from;		/* -1 leaves inheritable descriptors open, else all from here are closed, */
	const int32_t *pass_fds;	/* NULL, or ends with -1: stay open whether inheritable or not */
	const int32_t *default_signals;	/* ends with 0: get SIG_DFL, because the host changed them, */
	const int32_t *ignored_signals;	/* or SIG_IGN; either may be NULL */
	int32_t umask;			/* -1: the tracer's own */
	int32_t new_session;		/* it leads a session of its own */
	int32_t process_group;		/* -1: the tracer's own; 0: one of its own */
	int64_t uid, gid;		/* -1: the tracer's own */
	const uint32_t *groups;		/* the supplementary groups */
	int32_t ngroups;		/* -1: the tracer's own */
	int32_t *failed;		/* NULL, or gets an enum pico_launch_step where it cannot be started */
};

/* What of a call is to be changed. */
enum pico_alter {
	PICO_ALTER_NUMBER = 1,
	PICO_ALTER_ARGS = 2,
	PICO_ALTER_RESULT = 4,
	PICO_ALTER_ANSWER = 8	/* it is not executed, and has this result */
};

/* How a call of the tracer's is made. */
enum pico_syscall {
	PICO_SYSCALL_BEGIN = 0,
	PICO_SYSCALL_GO_ON = 1,
	PICO_SYSCALL_CANCEL = 2	/* interrupt it, and wait until the LWP stands */
};

/* What a filter of ours in the kernel says to the tracer of a call (Linux: SECCOMP_RET_DATA); a program's own says
 * something else. */
enum pico_filter_word {
	PICO_FILTER_WORD = 0x7069
};

/* What it takes to have a filter in the kernel. */
enum pico_filter_cost {
	PICO_FILTER_FREE = 0,
	PICO_FILTER_NO_NEW_PRIVS = 1,	/* a set-user-ID program gets no privilege, as it gets none when traced by us */
	PICO_FILTER_TAKES_PRIVS = 2	/* the same; but for the filter it would */
};

/* Whether tracees share a processor with the tracer: always that one (0 and above), or */
enum pico_pin {
	PICO_PIN_AUTO = -1,	/* whichever it is, while one LWP makes nearly all the calls, and many */
	PICO_PIN_OFF = -2
};

/* Why an attach was refused, in a form that can be put into words. */
enum pico_refusal {
	PICO_REFUSED_OTHER = 0,		/* the errno says it all */
	PICO_REFUSED_NOBODY = 1,
	PICO_REFUSED_ZOMBIE = 2,
	PICO_REFUSED_SELF = 3,
	PICO_REFUSED_KERNEL = 4,	/* a kernel thread */
	PICO_REFUSED_TRACED = 5,	/* detail: the tracer's pid */
	PICO_REFUSED_LWP = 6,		/* detail: the process it is an LWP of */
	PICO_REFUSED_USER = 7,		/* detail: the uid it belongs to */
	PICO_REFUSED_YAMA = 8,		/* detail: kernel.yama.ptrace_scope */
	PICO_REFUSED_UNSEEN = 9		/* it is there, and /proc is not */
};

/* cffi: end */

struct pico_kernel {
	const char *os;			/* "linux", "netbsd" */
	uint32_t capabilities;

	/* Pure: decode `raw`, given what is known of that LWP (NULL: nothing). Returns
	 * PICO_DECODED, or the pico_need bits that must be answered first. */
	int (*decode)(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);
	/* Pure: where the whole process stops and raw->id is its pid, the LWP that a stop is of (0: none
	 * in particular). Returns as decode does. NULL where LWPs stop one by one. */
	int (*lwp_of)(const struct pico_raw *, int32_t *lwp);
	/* Pure: the result of a call, whole, of raw->regs as they are once it is over. NULL where the
	 * kernel's record has it; -EOPNOTSUPP where the registers of this machine are not known. */
	int (*result_of)(const struct pico_raw *, struct pico_event *);

	/* The next stop or end: 1, or 0 where `block` is 0 and there is none; -ECHILD when nothing is
	 * left to wait for, -EINTR on a signal or a tick. */
	int (*wait)(struct pico_kernel *, int block, struct pico_raw *);
	/* Whether it stands in a stop that somebody else's wait was told of: 1, and its status in the raw; 0: it does not;
	 * -ECHILD: its end was taken so. NULL: nobody's wait but ours is told of tracees, or it cannot be known. */
	int (*missed)(struct pico_kernel *, int32_t pid, int32_t lwp, struct pico_raw *);
	/* Answer pico_need bits about a stop, filling it in. */
	int (*answer)(struct pico_kernel *, int32_t pid, struct pico_raw *, int needs);
	int (*resume)(struct pico_kernel *, int32_t pid, int32_t lwp, int how, int signo);

	/* Start a program, traced before its first instruction. `first` is its first stop, or its end. */
	int (*spawn)(struct pico_kernel *, const struct pico_launch *, int report, struct pico_raw *first);
	/* What is spawned from now on, and all that comes of it, stops at those system calls only that this program
	 * chooses, once, before the call; it is the system's own kind of program, borrowed. NULL: at all, and twice.
	 * enum pico_filter_cost, or -errno. NULL: not on this system. */
	int (*set_filter)(struct pico_kernel *, const void *program, uint32_t size);
	/* At the SCE of a call: have the child traced that it makes, though it asks for one that is not. 1: it does,
	 * and comes here again at its SCX (`over`), where it gets back what was changed; 0: it does not. NULL: there is
	 * no such call. */
	int (*keep_child)(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *call, int over);
	/* The whole program does nothing but trace by this kernel, in one thread, and has no use for signals about its
	 * children. NULL: that is no matter. */
	void (*alone)(struct pico_kernel *);
	/* An enum pico_pin, or the processor for the tracer and all that it spawns from now on. NULL: the OS has no way
	 * to say that. */
	int (*set_pin)(struct pico_kernel *, int cpu);
	/* Attach to LWPs of pid that are not traced yet, at most `max`; returns how many, their ids
	 * in `lwps`. To be repeated until it returns 0. Each then comes to a first stop. */
	int (*attach)(struct pico_kernel *, int32_t pid, int report, int32_t *lwps, int max);
	int (*detach)(struct pico_kernel *, int32_t pid, int32_t lwp, int signo);
	/* Whether the trap of a step or a breakpoint is on its way to an LWP that stands in another stop: it would be the
	 * LWP's own where that is let go, and kill it. NULL: there is none such. */
	int (*trapped)(struct pico_kernel *, int32_t lwp);
	/* Have it stop. 0: it will; 1: its process stands still already; 2: it has exited, and its process lives on. */
	int (*interrupt)(struct pico_kernel *, int32_t pid, int32_t lwp);
	/* Have so many LWPs of a process stop, and wait for that, so long at most: those that do not, or have ended, become
	 * 0. The stops come from wait later. NULL: where one stops, all do. */
	int (*gather)(struct pico_kernel *, int32_t pid, int32_t *lwps, int count, uint64_t timeout_ns);
	int (*kill)(struct pico_kernel *, int32_t pid);
	int (*refusal)(struct pico_kernel *, int32_t pid, int error, int32_t *detail);

	/* The children of a process, at most `max`; returns how many there are. */
	int (*children)(struct pico_kernel *, int32_t pid, int32_t *pids, int max);
	/* The process that an LWP belongs to, and that process's parent. */
	int (*family)(struct pico_kernel *, int32_t lwp, int32_t *pid, int32_t *parent);
	int (*program)(struct pico_kernel *, int32_t pid, char *name, size_t size);

	/* A piece of what the image of pid was given: how many bytes were read, 0 at the end; of strings fewer than there
	 * is room for at their end alone. */
	int64_t (*image)(struct pico_kernel *, int32_t pid, int what, uint64_t offset, void *, size_t);

	/* Returns how many bytes were moved (from the start, contiguous); 0 is never success. */
	int64_t (*read)(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, void *, size_t);
	int64_t (*write)(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, const void *, size_t);

	/* A signal to that LWP, or where that cannot be said, to its process; to arrive as any other. NULL: the OS
	 * can only pass one on at resume. */
	int (*send)(struct pico_kernel *, int32_t pid, int32_t lwp, int signo);
	/* What the signal that is about to be delivered says: its number, code, si_errno, and by the
	 * record's flags, code and number its sender and uid or its addr, its value or its status. */
	int (*set_siginfo)(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *);

	/* General registers in the OS's own layout (Linux: NT_PRSTATUS); returns its size. */
	int64_t (*get_regs)(struct pico_kernel *, int32_t pid, int32_t lwp, void *, size_t);
	int (*set_regs)(struct pico_kernel *, int32_t pid, int32_t lwp, const void *, size_t);
	/* Another set of registers, by the number that ELF has for its note (NT_FPREGSET), in the OS's own layout: its
	 * size, or as much as there is room for. -EINVAL, -ENODEV: this machine has no such set. NULL: not on this
	 * system. */
	int64_t (*get_regset)(struct pico_kernel *, int32_t pid, int32_t lwp, uint32_t set, void *, size_t);

	/* Change the call that an LWP stands in, by a set of enum pico_alter: at its SCE the number, the
	 * arguments, or (ANSWER) have it not executed, but answered by call->retval and call->error; at
	 * its SCX the RESULT. A call that was changed at its SCE comes here again at its SCX, where `what`
	 * is RESULT or 0: the registers get back what the program had in them.
	 * 0; 1: ANSWER needs a RESULT at the SCX that follows (Linux: number -1 now, the result at the
	 * exit); 0 of ANSWER: no SCX follows, the loop makes one, and a RESULT may come for that (NetBSD:
	 * PT_SYSCALLEMU). -EINVAL: a value that cannot be had; -EOPNOTSUPP: this system or machine cannot. */
	int (*alter)(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *call, int what);

	/* Have an LWP that stands at its SCE or SCX, as call->kind says, make a call of the tracer's, by call->sysnum
	 * and call->args; call->retval and call->error get what it gives. Then the LWP stands there as before, and
	 * has been seen at no other stop. 0; 1: the same, and its process may have given itself a filter; -EINTR: a
	 * signal or a tick has come, GO_ON; -EAGAIN: not at this stop; -ESRCH: it is killed, or its next stop is to be
	 * waited for. NULL: not on this system. */
	int (*syscall)(struct pico_kernel *, int32_t pid, int32_t lwp, struct pico_event *call, int how);

	/* Where a stop is its whole process's: have another LWP take one instruction, too, when that goes on. NULL:
	 * each LWP has stops of its own. */
	int (*step_too)(struct pico_kernel *, int32_t pid, int32_t lwp);

	/* Set or clear a breakpoint of this LWP alone, by its machine's debug registers. -ENOSPC: they are all
	 * in use; -ENOENT: there is none to clear. A detach clears them. NULL: not on this system. */
	int (*breakpoint)(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, int set);

	/* Write a core file of a stopped process, which goes on afterwards: -EEXIST where there is one of that name,
	 * -EINVAL for a name that the system would change. NULL: not on this system. */
	int (*dump_core)(struct pico_kernel *, int32_t pid, const char *path);

	/* Have wait return -EINTR every `interval_ns` from now on; 0 ends that. Safe from any thread. */
	int (*tick)(struct pico_kernel *, uint64_t interval_ns);
	void (*close)(struct pico_kernel *);
};

/* The kernel of the system this was built on; NULL and *error = -errno where it cannot be had. */
struct pico_kernel *pico_kernel_native(int *error);

#endif
