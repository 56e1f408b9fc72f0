/*
 * Stops and ends that somebody else's wait has taken. A traced LWP still tells which stop it stands in.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "linux_kernel.h"

/* 1: a wait of ours would be told of it; 0: not now; -ECHILD: never again. */
static int
is_to_be_told(int32_t lwp)
{
	siginfo_t si = { 0 };
	int looks = WEXITED | WSTOPPED | WNOHANG | WNOWAIT | PICO_WAIT_OURS;

	if (waitid(P_PID, (id_t)lwp, &si, looks) < 0)
		return -errno;
	return si.si_pid != 0;
}

/* What wait(2) told. The kernel puts that of its own stops into the code of their siginfo (ptrace_do_notify in
 * kernel/signal.c); any other is a signal's. */
static int32_t
status_of(const siginfo_t *si)
{
	int event = si->si_code >> 8, own = si->si_code & 0xff;
	int is_stop = event > 0 && event <= PTRACE_EVENT_STOP && own == si->si_signo;
	int is_call = si->si_signo == SIGTRAP && si->si_code == (SIGTRAP | 0x80);

	return (is_stop || is_call ? si->si_code : si->si_signo) << 8 | 0x7f;
}

int
pico_linux_missed(struct pico_kernel *kernel, int32_t pid, int32_t lwp, struct pico_raw *raw)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	siginfo_t si;

	(void)pid;
	if (pico_linux_is_let_go(k, lwp))
		return 0;
	int stands = ptrace(PTRACE_GETSIGINFO, lwp, NULL, &si) == 0;
	/* Asked after that: one that has stopped meanwhile is told of. */
	int told = is_to_be_told(lwp);
	if (told < 0 && told != -ECHILD)
		return told;
	if (told == 1 || (told == 0 && !stands))
		return 0;
	raw->id = lwp;
	raw->status = stands ? status_of(&si) : 0;
	pico_linux_note(k, lwp, raw->status);
	return stands ? 1 : -ECHILD;
}
