/*
 * The one record that crosses every layer: plain integers, no OS header.
 *
 * The vocabulary is NetBSD's: siginfo's si_sysnum, si_args, si_retval, si_error and psi_lwpid are
 * the canonical form, and another kernel's stops are translated into it. The block between the two
 * marks is read by cffi as it stands; it must stay free of preprocessor lines.
 */
#ifndef PICO_EVENT_H
#define PICO_EVENT_H

#include <stdint.h>

/* cffi: begin */

/* Kinds of event. The bit of a kind in a mask is 1 << kind. */
enum pico_kind {
	PICO_NONE = 0,		/* nothing to report */
	PICO_SCE = 1,		/* system call entry */
	PICO_SCX = 2,		/* system call exit */
	PICO_EXEC = 3,		/* new image; other: the LWP that called execve, where its id changed */
	PICO_FORKED = 4,	/* other: the child's pid */
	PICO_VFORKED = 5,	/* other: the child's pid */
	PICO_SPAWNED = 6,	/* other: the child's pid */
	PICO_VFORK_DONE = 7,	/* other: the child's pid */
	PICO_LWP_CREATED = 8,	/* the record's LWP is the new one */
	PICO_LWP_EXITED = 9,	/* the record's LWP is the dying one */
	PICO_STOPPED = 10,	/* a signal arrives */
	PICO_CRASHED = 11,	/* a fatal fault by the LWP's own doing */
	PICO_CONTINUED = 12,	/* the process goes on after a group stop */
	PICO_SIGNALED = 13,	/* death by signal: signo, core */
	PICO_EXITED = 14,	/* death by exit: status */
	PICO_SINGLESTEP = 15,
	PICO_BREAKPOINT = 16,
	PICO_DBREG = 17,
	PICO_ATTACHED = 18,	/* the tracer's own doing */
	PICO_DETACHED = 19,

	/* What a decoder says to the loop and nobody else sees. */
	PICO_FIRST_STOP = 24,	/* a new or attached LWP stands still for the first time */
	PICO_GROUP_STOP = 25,	/* a stopping signal has taken effect */
	PICO_INTERRUPTED = 26	/* it stopped because the tracer asked it to */
};

enum pico_event_flags {
	PICO_HALF = 1,		/* SCX whose SCE was never seen */
	PICO_CORE = 2,		/* SIGNALED: a core was dumped */
	PICO_HAS_SENDER = 4,	/* STOPPED: sender and uid are set */
	PICO_HAS_ADDR = 8,	/* STOPPED, CRASHED: addr is set */
	PICO_HAS_TRAP = 16,	/* CRASHED: trap is set */
	PICO_CUT = 32,		/* SCX: only the lower 32 bits of the result are known */
	PICO_UNTOLD = 64	/* STOPPED: the kernel tells nothing of this signal but its number */
};

/* Which table of system calls a number belongs to. */
enum pico_abi {
	PICO_ABI_UNKNOWN = 0,
	PICO_ABI_NETBSD = 1,
	PICO_ABI_NETBSD32 = 2,
	PICO_ABI_LINUX_X86_64 = 3,
	PICO_ABI_LINUX_I386 = 4,
	PICO_ABI_LINUX_X32 = 5,
	PICO_ABI_LINUX_AARCH64 = 6,
	PICO_ABI_LINUX_ARM = 7,
	PICO_ABIS = 8
};

struct pico_event {
	uint64_t seq;		/* its place among this loop's records, from 1 */
	uint64_t enter_seq;	/* SCX: seq of its SCE; 0 where that was not recorded */
	uint64_t ts_ns;		/* CLOCK_MONOTONIC when the tracer took it */
	uint64_t stime_ns;	/* system time of the LWP; filled only when asked for */
	uint64_t elapsed_ns;	/* SCX: since its SCE, 0 where that was not seen */
	int32_t pid;
	int32_t lwp;		/* 0: the process as a whole */
	uint16_t kind;
	uint16_t flags;
	uint16_t abi;
	uint16_t nargs;		/* SCE, SCX: how many of args are set */
	int32_t sysnum;		/* SCE, SCX: the call's number; -1 in all others */
	int32_t error;		/* SCX: the call's own error, 0 if none */
	uint64_t args[8];
	uint64_t retval[2];
	int32_t other;		/* another pid or LWP, by kind */
	int32_t status;		/* EXITED: 0..255; SIGCHLD: the child's */
	int32_t signo;
	int32_t code;		/* si_code */
	int32_t sender;		/* si_pid */
	uint32_t uid;		/* si_uid */
	int32_t trap;		/* si_trap */
	int32_t sig_errno;	/* si_errno */
	uint64_t addr;		/* si_addr, or the program counter */
	uint64_t value;		/* si_value */
	char program[24];	/* the process's name, NUL-terminated, as the kernel has it */
};

/* cffi: end */

#endif
