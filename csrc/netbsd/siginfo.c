/*
 * siginfo as a 64-bit NetBSD has it, on every machine: the layout that the decoder knows.
 */
#include <sys/param.h>
#include <sys/ptrace.h>

#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "../core/bytes.h"
#include "abi.h"
#include "netbsd_kernel.h"

_Static_assert(NETBSD_SIGILL == SIGILL && NETBSD_SIGTRAP == SIGTRAP && NETBSD_SIGEMT == SIGEMT &&
    NETBSD_SIGFPE == SIGFPE && NETBSD_SIGBUS == SIGBUS && NETBSD_SIGSEGV == SIGSEGV &&
    NETBSD_SIGSYS == SIGSYS && NETBSD_SIGSTOP == SIGSTOP && NETBSD_SIGTSTP == SIGTSTP &&
    NETBSD_SIGCHLD == SIGCHLD && NETBSD_SIGTTIN == SIGTTIN && NETBSD_SIGTTOU == SIGTTOU, "signals");
_Static_assert(NETBSD_TRAP_BRKPT == TRAP_BRKPT && NETBSD_TRAP_TRACE == TRAP_TRACE &&
    NETBSD_TRAP_EXEC == TRAP_EXEC && NETBSD_TRAP_CHLD == TRAP_CHLD && NETBSD_TRAP_LWP == TRAP_LWP &&
    NETBSD_TRAP_DBREG == TRAP_DBREG && NETBSD_TRAP_SCE == TRAP_SCE && NETBSD_TRAP_SCX == TRAP_SCX &&
    NETBSD_SI_USER == SI_USER && NETBSD_SI_QUEUE == SI_QUEUE && NETBSD_SI_LWP == SI_LWP, "si_code");
_Static_assert(NETBSD_FORK == PTRACE_FORK && NETBSD_VFORK == PTRACE_VFORK &&
    NETBSD_VFORK_DONE == PTRACE_VFORK_DONE && NETBSD_LWP_CREATE == PTRACE_LWP_CREATE &&
    NETBSD_LWP_EXIT == PTRACE_LWP_EXIT && NETBSD_POSIX_SPAWN == PTRACE_POSIX_SPAWN, "events");

int
pico_netbsd_is_trap(const uint8_t *siginfo, int32_t code)
{
	return pico_i32(siginfo + NETBSD_PSI_SIGNO) == SIGTRAP && pico_i32(siginfo + NETBSD_PSI_CODE) == code;
}

#define AT(member) offsetof(struct ptrace_siginfo, psi_siginfo.member)

#ifdef _LP64

_Static_assert(AT(si_signo) == NETBSD_PSI_SIGNO && AT(si_code) == NETBSD_PSI_CODE &&
    AT(si_errno) == NETBSD_PSI_ERRNO && AT(si_pid) == NETBSD_PSI_PID && AT(si_uid) == NETBSD_PSI_UID &&
    AT(si_value) == NETBSD_PSI_VALUE && AT(si_status) == NETBSD_PSI_STATUS &&
    AT(si_addr) == NETBSD_PSI_ADDR && AT(si_trap) == NETBSD_PSI_TRAP && AT(si_sysnum) == NETBSD_PSI_SYSNUM &&
    AT(si_retval) == NETBSD_PSI_RETVAL && AT(si_error) == NETBSD_PSI_ERROR &&
    AT(si_args) == NETBSD_PSI_ARGS && offsetof(struct ptrace_siginfo, psi_lwpid) == NETBSD_PSI_LWPID &&
    sizeof(struct ptrace_siginfo) == NETBSD_PSI_SIZE, "struct ptrace_siginfo");
#ifdef si_pe_report_event
_Static_assert(AT(si_pe_report_event) == NETBSD_PSI_REPORT_EVENT && AT(si_pe_other_pid) == NETBSD_PSI_OTHER &&
    AT(si_pe_lwp) == NETBSD_PSI_OTHER, "struct ptrace_siginfo");
#endif
_Static_assert(NETBSD_PSI_SIZE <= sizeof(((struct pico_raw *)0)->siginfo), "room for siginfo");

static int
get(int32_t pid, uint8_t *siginfo)
{
	return ptrace(PT_GET_SIGINFO, pid, siginfo, NETBSD_PSI_SIZE) < 0 ? pico_netbsd_error() : 0;
}

void
pico_netbsd_tell(int32_t pid, const uint8_t *siginfo)
{
	uint8_t copy[NETBSD_PSI_SIZE];

	memcpy(copy, siginfo, sizeof(copy));
	(void)ptrace(PT_SET_SIGINFO, pid, copy, sizeof(copy));	/* else it says nothing of itself */
}

#else

#if defined(__i386__)
_Static_assert(sizeof(struct ptrace_siginfo) == 132, "struct ptrace_siginfo");
#endif

static void
put(uint8_t *siginfo, int offset, const void *value, size_t size)
{
	memcpy(siginfo + offset, value, size);
}

static void
put_call(uint8_t *siginfo, const siginfo_t *si)
{
	put(siginfo, NETBSD_PSI_SYSNUM, &si->si_sysnum, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_RETVAL, si->si_retval, 2 * sizeof(int32_t));
	put(siginfo, NETBSD_PSI_ERROR, &si->si_error, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_ARGS, si->si_args, 8 * sizeof(uint64_t));
}

static void
put_fault(uint8_t *siginfo, const siginfo_t *si)
{
	uint64_t addr = (uintptr_t)si->si_addr;

	put(siginfo, NETBSD_PSI_ADDR, &addr, sizeof(addr));
	put(siginfo, NETBSD_PSI_TRAP, &si->si_trap, sizeof(int32_t));
}

static void
put_sender(uint8_t *siginfo, const siginfo_t *si)
{
	uint64_t value = (uintptr_t)si->si_value.sival_ptr;

	put(siginfo, NETBSD_PSI_PID, &si->si_pid, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_UID, &si->si_uid, sizeof(uint32_t));
	put(siginfo, NETBSD_PSI_VALUE, &value, sizeof(value));
	if (si->si_signo == SIGCHLD)
		put(siginfo, NETBSD_PSI_STATUS, &si->si_status, sizeof(int32_t));
}

static void
put_event(uint8_t *siginfo, const siginfo_t *si)
{
#ifdef si_pe_report_event
	put(siginfo, NETBSD_PSI_REPORT_EVENT, &si->si_pe_report_event, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_OTHER, &si->si_pe_other_pid, sizeof(int32_t));
#else
	(void)siginfo, (void)si;
#endif
}

static int
get(int32_t pid, uint8_t *siginfo)
{
	struct ptrace_siginfo psi;
	const siginfo_t *si = &psi.psi_siginfo;

	memset(&psi, 0, sizeof(psi));
	if (ptrace(PT_GET_SIGINFO, pid, &psi, sizeof(psi)) < 0)
		return pico_netbsd_error();
	memset(siginfo, 0, NETBSD_PSI_SIZE);
	put(siginfo, NETBSD_PSI_SIGNO, &si->si_signo, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_CODE, &si->si_code, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_ERRNO, &si->si_errno, sizeof(int32_t));
	put(siginfo, NETBSD_PSI_LWPID, &psi.psi_lwpid, sizeof(int32_t));
	if (si->si_signo == SIGTRAP && (si->si_code == TRAP_SCE || si->si_code == TRAP_SCX))
		put_call(siginfo, si);
	else if (si->si_signo == SIGTRAP && (si->si_code == TRAP_CHLD || si->si_code == TRAP_LWP))
		put_event(siginfo, si);
	else if (si->si_code > 0 && si->si_signo != SIGCHLD)
		put_fault(siginfo, si);
	else
		put_sender(siginfo, si);
	return 0;
}

void
pico_netbsd_tell(int32_t pid, const uint8_t *siginfo)
{
	(void)pid, (void)siginfo;	/* not kept as the system has it: it says nothing of itself */
}

#endif

/* Until September 2019 (siginfo.h 1.34) siginfo did not say of which event a trap is: NetBSD 9's may not. */
static int
add_event(int32_t pid, uint8_t *siginfo)
{
	ptrace_state_t state;

	if (pico_i32(siginfo + NETBSD_PSI_REPORT_EVENT) != 0)
		return 0;
	if (ptrace(PT_GET_PROCESS_STATE, pid, &state, sizeof(state)) < 0)
		return pico_netbsd_error();
	memcpy(siginfo + NETBSD_PSI_REPORT_EVENT, &state.pe_report_event, sizeof(int32_t));
	memcpy(siginfo + NETBSD_PSI_OTHER, &state.pe_other_pid, sizeof(int32_t));
	return 0;
}

int
pico_netbsd_siginfo(int32_t pid, uint8_t *siginfo)
{
	int e = get(pid, siginfo);

	if (e == 0 && (pico_netbsd_is_trap(siginfo, TRAP_CHLD) || pico_netbsd_is_trap(siginfo, TRAP_LWP)))
		e = add_event(pid, siginfo);
	return e;
}
