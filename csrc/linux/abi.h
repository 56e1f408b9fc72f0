/*
 * Linux's numbers as the decoder knows them, without a system header: the decoder is compiled on
 * every OS. kernel.c holds them against the system's own by static asserts.
 */
#ifndef PICO_LINUX_ABI_H
#define PICO_LINUX_ABI_H

/* signal numbers (asm-generic/signal.h; the same on x86 and arm) */
#define LINUX_SIGILL	4
#define LINUX_SIGTRAP	5
#define LINUX_SIGBUS	7
#define LINUX_SIGFPE	8
#define LINUX_SIGSEGV	11
#define LINUX_SIGCHLD	17
#define LINUX_SIGSTOP	19
#define LINUX_SIGTSTP	20
#define LINUX_SIGTTIN	21
#define LINUX_SIGTTOU	22
#define LINUX_SIGSYS	31

/* si_code (asm-generic/siginfo.h): positive is the kernel's, the rest some process's doing */
#define LINUX_SI_KERNEL	0x80
#define LINUX_SI_TIMER	(-2)
#define LINUX_TRAP_BRKPT	1
#define LINUX_TRAP_TRACE	2
#define LINUX_TRAP_HWBKPT	4

/* wait status of a ptrace stop, ptrace(2) */
#define LINUX_SYSCALL_STOP	(LINUX_SIGTRAP | 0x80)	/* with PTRACE_O_TRACESYSGOOD */
#define LINUX_EVENT_FORK	1
#define LINUX_EVENT_VFORK	2
#define LINUX_EVENT_CLONE	3
#define LINUX_EVENT_EXEC	4
#define LINUX_EVENT_VFORK_DONE	5
#define LINUX_EVENT_EXIT	6
#define LINUX_EVENT_SECCOMP	7
#define LINUX_EVENT_STOP	128

/* struct ptrace_syscall_info (linux/ptrace.h) */
#define LINUX_INFO_OP		0
#define LINUX_INFO_ARCH		4
#define LINUX_INFO_PC		8
#define LINUX_INFO_NR		24
#define LINUX_INFO_ARGS		32
#define LINUX_INFO_RVAL		24
#define LINUX_INFO_IS_ERROR	32
#define LINUX_INFO_RET_DATA	80	/* SECCOMP, whose other fields are as ENTRY has them */
#define LINUX_INFO_SIZE		88
#define LINUX_OP_ENTRY		1
#define LINUX_OP_EXIT		2
#define LINUX_OP_SECCOMP	3
#define LINUX_OP_UNTOLD		0xff	/* ours: this kernel has no PTRACE_GET_SYSCALL_INFO (before 5.3) */

/* x86's calls of old that are addresses (seccomp_filter.rst, "Caveats") */
#define LINUX_VSYSCALLS		0xffffffffff600000u
#define LINUX_VSYSCALLS_WHICH	0x0c00u

/* siginfo_t of a 64-bit kernel */
#define LINUX_SI_SIGNO	0
#define LINUX_SI_ERRNO	4
#define LINUX_SI_CODE	8
#define LINUX_SI_PID	16
#define LINUX_SI_UID	20
#define LINUX_SI_STATUS	24
#define LINUX_SI_VALUE	24
#define LINUX_SI_ADDR	16

/* linux/audit.h */
#define LINUX_ARCH_X86_64	0xc000003eu
#define LINUX_ARCH_I386		0x40000003u
#define LINUX_ARCH_AARCH64	0xc00000b7u
#define LINUX_ARCH_ARM		0x40000028u
#define LINUX_X32_BIT		0x40000000

/* e_machine (linux/elf-em.h) */
#define LINUX_EM_X86_64		62
#define LINUX_EM_AARCH64	183

/* linux/errno.h: what a call gives that was interrupted and may be restarted; none between them is another */
#define LINUX_ERESTARTSYS		512
#define LINUX_ERESTART_RESTARTBLOCK	516

/* seccomp(2), prctl(2), clone(2) */
#define LINUX_SECCOMP_SET_MODE_FILTER	1	/* and 0 is strict mode */
#define LINUX_PR_SET_SECCOMP	22
#define LINUX_CLONE_UNTRACED	0x00800000

#define LINUX_ENOSYS	38

#endif
