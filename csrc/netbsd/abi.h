/*
 * Numbers and layouts of NetBSD's that its decoder needs on every OS. kernel.c asserts that they are the
 * system's own.
 *
 * The siginfo that a decoder is given is that of a 64-bit NetBSD, also where the system's is narrower:
 * kernel.c translates it.
 */
#ifndef PICO_NETBSD_ABI_H
#define PICO_NETBSD_ABI_H

/* Signals: <sys/signal.h>. */
enum {
	NETBSD_SIGILL = 4,
	NETBSD_SIGTRAP = 5,
	NETBSD_SIGEMT = 7,
	NETBSD_SIGFPE = 8,
	NETBSD_SIGBUS = 10,
	NETBSD_SIGSEGV = 11,
	NETBSD_SIGSYS = 12,
	NETBSD_SIGSTOP = 17,
	NETBSD_SIGTSTP = 18,
	NETBSD_SIGCHLD = 20,
	NETBSD_SIGTTIN = 21,
	NETBSD_SIGTTOU = 22
};

/* si_code: <sys/siginfo.h>. */
enum {
	NETBSD_TRAP_BRKPT = 1,
	NETBSD_TRAP_TRACE = 2,
	NETBSD_TRAP_EXEC = 3,
	NETBSD_TRAP_CHLD = 4,
	NETBSD_TRAP_LWP = 5,
	NETBSD_TRAP_DBREG = 6,
	NETBSD_TRAP_SCE = 7,
	NETBSD_TRAP_SCX = 8,
	NETBSD_SI_USER = 0,
	NETBSD_SI_QUEUE = -1,
	NETBSD_SI_LWP = -5,
	NETBSD_SI_NOINFO = 32767
};

/* Events: <sys/ptrace.h>. */
enum {
	NETBSD_FORK = 0x01,
	NETBSD_VFORK = 0x02,
	NETBSD_VFORK_DONE = 0x04,
	NETBSD_LWP_CREATE = 0x08,
	NETBSD_LWP_EXIT = 0x10,
	NETBSD_POSIX_SPAWN = 0x20
};

/* struct ptrace_siginfo of a 64-bit system: offsets in bytes. */
enum {
	NETBSD_PSI_SIGNO = 0,
	NETBSD_PSI_CODE = 4,
	NETBSD_PSI_ERRNO = 8,
	NETBSD_PSI_PID = 16,
	NETBSD_PSI_UID = 20,
	NETBSD_PSI_VALUE = 24,
	NETBSD_PSI_STATUS = 24,		/* SIGCHLD's */
	NETBSD_PSI_ADDR = 16,
	NETBSD_PSI_TRAP = 24,
	NETBSD_PSI_SYSNUM = 16,
	NETBSD_PSI_RETVAL = 20,		/* two ints */
	NETBSD_PSI_ERROR = 28,
	NETBSD_PSI_ARGS = 32,		/* eight of 64 bits */
	NETBSD_PSI_REPORT_EVENT = 16,
	NETBSD_PSI_OTHER = 20,
	NETBSD_PSI_LWPID = 128,
	NETBSD_PSI_SIZE = 136
};

/* struct reg of the machines whose registers are known: indices of its words. */
enum {
	NETBSD_AMD64_RDI = 0, NETBSD_AMD64_RSI = 1, NETBSD_AMD64_RDX = 2, NETBSD_AMD64_R8 = 4,
	NETBSD_AMD64_R9 = 5, NETBSD_AMD64_R10 = 6, NETBSD_AMD64_RAX = 14, NETBSD_AMD64_RIP = 21,
	NETBSD_AMD64_RFLAGS = 23, NETBSD_AMD64_RSP = 24, NETBSD_AMD64_WORDS = 26,
	NETBSD_I386_EAX = 0, NETBSD_I386_EDX = 2, NETBSD_I386_ESP = 4, NETBSD_I386_EIP = 8,
	NETBSD_I386_EFLAGS = 9, NETBSD_I386_WORDS = 16,
	NETBSD_AARCH64_X0 = 0, NETBSD_AARCH64_X1 = 1, NETBSD_AARCH64_SP = 31, NETBSD_AARCH64_PC = 32,
	NETBSD_AARCH64_SPSR = 33, NETBSD_AARCH64_WORDS = 35
};

/* Machines, as ELF numbers them. */
enum { NETBSD_EM_386 = 3, NETBSD_EM_X86_64 = 62, NETBSD_EM_AARCH64 = 183 };

#endif
