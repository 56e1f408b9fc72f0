/*
 * A fault has two stops: one where the LWP has done it, and when a signal is passed on from there, its own or another,
 * one more for that, with the same siginfo (10.99.12: trapsignal(), then issignal()). The second is not told.
 *
 * One that is not passed on is done again when the LWP goes on.
 */
#include <signal.h>
#include <string.h>

#include "../core/bytes.h"
#include "decode.h"
#include "netbsd_kernel.h"

void
pico_netbsd_note_fault(struct netbsd_tracee *t, int signo, const uint8_t *siginfo)
{
	t->faulted = pico_i32(siginfo + NETBSD_PSI_SIGNO) == signo &&
	    pico_netbsd_is_fault(signo, pico_i32(siginfo + NETBSD_PSI_CODE));
}

int
pico_netbsd_is_echo(struct netbsd_tracee *t, int signo)
{
	uint8_t now[NETBSD_PSI_SIZE];

	if (pico_netbsd_siginfo(t->pid, now) < 0)
		return 0;
	int is = t->echo == signo && memcmp(now, t->told, sizeof(now)) == 0 && pico_netbsd_has_not_taken(t);
	/* Where the LWP has come to something else there is none; another's stop may be before it. */
	if (is || t->chosen != 0 || pico_i32(now + NETBSD_PSI_LWPID) == pico_i32(t->told + NETBSD_PSI_LWPID))
		t->echo = 0;
	return is;
}

#if defined(__x86_64__) || defined(__i386__)
#define IS_X86 1
#else
#define IS_X86 0
#endif

/* Of arithmetic ones it is known of the processor's own division alone: of the x87's the kernel clears what would have
 * them done again (10.99.12: fputrap()), and after an overflow the next instruction follows. */
static int
is_done_again(int signo, int32_t code)
{
	switch (signo) {
	case SIGILL:
	case SIGBUS:
	case SIGSEGV:
		return 1;
	case SIGFPE:
		return IS_X86 && code == FPE_INTDIV;
	default:	/* SIGTRAP: the program counter is behind the breakpoint */
		return 0;
	}
}

int
pico_netbsd_is_done_again(const uint8_t *siginfo, int signo)
{
	int32_t code = pico_i32(siginfo + NETBSD_PSI_CODE);

	return pico_i32(siginfo + NETBSD_PSI_SIGNO) == signo && pico_netbsd_is_fault(signo, code) &&
	    is_done_again(signo, code);
}

int
pico_netbsd_comes_again(const struct netbsd_tracee *t, int signo)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];

	return signo != 0 && pico_netbsd_siginfo(t->pid, siginfo) == 0 && pico_netbsd_is_done_again(siginfo, signo);
}
