/*
 * NetBSD's stops, decoded. Pure: it never asks the kernel, it names what it lacks.
 *
 * A stop is a process's; struct ptrace_siginfo tells what for and which LWP it is of. The meaning of each is
 * that of ptrace(2) and siginfo(2), and of stops recorded on a running kernel (tests/pure/netbsd).
 */
#include <string.h>

#include "../core/bytes.h"
#include "../core/lwps.h"
#include "abi.h"
#include "decode.h"
#include "regs.h"

enum { NETBSD_ARGS = 8 };

static int
done(struct pico_decoded *d, int kind)
{
	d->event.kind = (uint16_t)kind;
	return PICO_DECODED;
}

static int
is_end(const struct pico_raw *raw)
{
	return (raw->status & 0xff) != 0x7f;
}

/* The kernel may answer with the siginfo of a signal before this one, when that was not passed on (a
 * SIGSTOP): the wait status is right. */
static int
is_stale(const struct pico_raw *raw)
{
	return pico_i32(raw->siginfo + NETBSD_PSI_SIGNO) != ((raw->status >> 8) & 0xff);
}

int
pico_netbsd_lwp_of(const struct pico_raw *raw, int32_t *lwp)
{
	*lwp = 0;
	if (is_end(raw))
		return PICO_DECODED;
	if (!(raw->have & PICO_NEED_SIGINFO))
		return PICO_NEED_SIGINFO;
	if (!is_stale(raw))
		*lwp = pico_i32(raw->siginfo + NETBSD_PSI_LWPID);
	return PICO_DECODED;
}

static int
decode_end(const struct pico_raw *raw, struct pico_decoded *d)
{
	d->resume = PICO_RESUME_GONE;
	d->event.lwp = 0;
	if ((raw->status & 0x7f) == 0) {
		d->event.status = (raw->status >> 8) & 0xff;
		return done(d, PICO_EXITED);
	}
	d->event.signo = raw->status & 0x7f;
	if (raw->status & 0x80)
		d->event.flags |= PICO_CORE;
	return done(d, PICO_SIGNALED);
}

static int
decode_call(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d, int kind)
{
	struct pico_event *ev = &d->event;

	ev->abi = raw->foreign ? PICO_ABI_UNKNOWN : raw->narrow ? PICO_ABI_NETBSD32 : PICO_ABI_NETBSD;
	ev->sysnum = pico_i32(raw->siginfo + NETBSD_PSI_SYSNUM);
	ev->nargs = NETBSD_ARGS;
	for (int i = 0; i < NETBSD_ARGS; i++)
		ev->args[i] = pico_u64(raw->siginfo + NETBSD_PSI_ARGS + 8 * i);
	if (kind == PICO_SCE)
		return done(d, kind);
	if (!l->in_call)
		ev->flags |= PICO_HALF;
	ev->error = pico_i32(raw->siginfo + NETBSD_PSI_ERROR);
	/* Two ints, whatever the call returns. */
	for (int i = 0; i < 2 && ev->error == 0; i++)
		ev->retval[i] = raw->narrow ? pico_u32(raw->siginfo + NETBSD_PSI_RETVAL + 4 * i) :
		    (uint64_t)(int64_t)pico_i32(raw->siginfo + NETBSD_PSI_RETVAL + 4 * i);
	return done(d, kind);
}

/* Parent and child both stop, with each other's pids; the child's own is its first. */
static int
decode_child(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	if (l->state == PICO_LWP_EXPECTED)
		return done(d, PICO_FIRST_STOP);
	d->event.other = pico_i32(raw->siginfo + NETBSD_PSI_OTHER);
	switch (pico_i32(raw->siginfo + NETBSD_PSI_REPORT_EVENT)) {
	case NETBSD_FORK:
		return done(d, PICO_FORKED);
	case NETBSD_VFORK:
		return done(d, PICO_VFORKED);
	case NETBSD_VFORK_DONE:
		return done(d, PICO_VFORK_DONE);
	case NETBSD_POSIX_SPAWN:
		return done(d, PICO_SPAWNED);
	default:
		return done(d, PICO_NONE);
	}
}

static int
decode_lwp(const struct pico_raw *raw, struct pico_decoded *d)
{
	d->event.lwp = pico_i32(raw->siginfo + NETBSD_PSI_OTHER);
	if (pico_i32(raw->siginfo + NETBSD_PSI_REPORT_EVENT) == NETBSD_LWP_CREATE)
		return done(d, PICO_LWP_CREATED);
	d->resume = PICO_RESUME_DYING;
	return done(d, PICO_LWP_EXITED);
}

/* A fault is the LWP's own doing when the kernel raised it for an instruction of its. SI_NOINFO: the kernel
 * has kept no siginfo (kern_sig.c). */
int
pico_netbsd_is_fault(int signo, int code)
{
	if (code <= 0 || code == NETBSD_SI_NOINFO)
		return 0;
	switch (signo) {
	case NETBSD_SIGILL:
	case NETBSD_SIGTRAP:
	case NETBSD_SIGEMT:
	case NETBSD_SIGFPE:
	case NETBSD_SIGBUS:
	case NETBSD_SIGSEGV:
	case NETBSD_SIGSYS:
		return 1;
	default:
		return 0;
	}
}

static int
decode_signal(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;

	ev->signo = d->signo = (raw->status >> 8) & 0xff;
	/* The SIGSTOP by which the tracer attaches, or stops a process that runs. */
	if (ev->signo == NETBSD_SIGSTOP && l->process != NULL && l->process->stopping) {
		d->signo = 0;
		return done(d, l->state == PICO_LWP_EXPECTED ? PICO_FIRST_STOP : PICO_INTERRUPTED);
	}
	ev->lwp = 0;
	if (is_stale(raw)) {
		ev->flags |= PICO_UNTOLD;
		return done(d, PICO_STOPPED);
	}
	ev->lwp = pico_i32(raw->siginfo + NETBSD_PSI_LWPID);	/* 0: sent to the process */
	ev->code = pico_i32(raw->siginfo + NETBSD_PSI_CODE);
	ev->sig_errno = pico_i32(raw->siginfo + NETBSD_PSI_ERRNO);
	if (pico_netbsd_is_fault(ev->signo, ev->code)) {
		ev->addr = pico_u64(raw->siginfo + NETBSD_PSI_ADDR);
		ev->trap = pico_i32(raw->siginfo + NETBSD_PSI_TRAP);
		ev->flags |= PICO_HAS_ADDR | PICO_HAS_TRAP;
		return done(d, PICO_CRASHED);
	}
	int of_child = ev->signo == NETBSD_SIGCHLD && ev->code > 0 && ev->code != NETBSD_SI_NOINFO;
	if (ev->code == NETBSD_SI_USER || ev->code == NETBSD_SI_QUEUE || ev->code == NETBSD_SI_LWP ||
	    of_child) {
		ev->sender = pico_i32(raw->siginfo + NETBSD_PSI_PID);
		ev->uid = pico_u32(raw->siginfo + NETBSD_PSI_UID);
		ev->flags |= PICO_HAS_SENDER;
	}
	if (of_child)
		ev->status = pico_i32(raw->siginfo + NETBSD_PSI_STATUS);
	else if (ev->code < 0)
		ev->value = pico_u64(raw->siginfo + NETBSD_PSI_VALUE);
	return done(d, PICO_STOPPED);
}

int
pico_netbsd_decode(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	memset(d, 0, sizeof(*d));
	d->lwp = d->event.lwp = l->id;
	d->resume = PICO_RESUME_SYSCALL;
	if (is_end(raw))
		return decode_end(raw, d);
	if (!(raw->have & PICO_NEED_SIGINFO))
		return PICO_NEED_SIGINFO;
	if (((raw->status >> 8) & 0xff) != NETBSD_SIGTRAP || is_stale(raw))
		return decode_signal(raw, l, d);
	switch (pico_i32(raw->siginfo + NETBSD_PSI_CODE)) {
	case NETBSD_TRAP_SCE:
		return decode_call(raw, l, d, PICO_SCE);
	case NETBSD_TRAP_SCX:
		return decode_call(raw, l, d, PICO_SCX);
	case NETBSD_TRAP_EXEC:
		return done(d, PICO_EXEC);
	case NETBSD_TRAP_CHLD:
		return decode_child(raw, l, d);
	case NETBSD_TRAP_LWP:
		return decode_lwp(raw, d);
	case NETBSD_TRAP_TRACE:
		/* si_addr is 0 here. */
		if (!(raw->have & PICO_NEED_REGS))
			return PICO_NEED_REGS;
		d->event.addr = pico_netbsd_pc_of(raw);
		return done(d, PICO_SINGLESTEP);
	case NETBSD_TRAP_DBREG:
		d->event.addr = pico_u64(raw->siginfo + NETBSD_PSI_ADDR);
		return done(d, PICO_DBREG);
	default:
		return decode_signal(raw, l, d);	/* its own: int3, raise, kill */
	}
}
