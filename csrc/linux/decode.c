/*
 * Linux's stops, decoded. Pure: it never asks the kernel, it names what it lacks.
 *
 * The meaning of each stop is ptrace(2)'s, for a tracee that was attached by PTRACE_SEIZE.
 */
#include <string.h>

#include "../core/bytes.h"
#include "../core/lwps.h"
#include "abi.h"
#include "calls.h"
#include "decode.h"
#include "regs.h"

enum { LINUX_ARGS = 6 };

static int
done(struct pico_decoded *d, int kind)
{
	d->event.kind = (uint16_t)kind;
	return PICO_DECODED;
}

static int
decode_end(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	d->resume = PICO_RESUME_GONE;
	/* The first LWP's end is reported when all the others are gone: it is the process's. */
	if (l != NULL && l->process != NULL && l->id != l->process->pid) {
		d->event.lwp = l->id;
		return done(d, PICO_LWP_EXITED);
	}
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

/* A 32-bit call made by 64-bit code takes the lower halves; the kernel tells of the registers as they are. */
static void
narrow_args(struct pico_event *ev)
{
	for (int i = 0; i < LINUX_ARGS; i++)
		ev->args[i] &= UINT32_MAX;
}

static void
set_abi(struct pico_event *ev, uint32_t arch)
{
	ev->nargs = LINUX_ARGS;
	switch (arch) {
	case LINUX_ARCH_X86_64:
		ev->abi = ev->sysnum > 0 && ev->sysnum & LINUX_X32_BIT ? PICO_ABI_LINUX_X32
								       : PICO_ABI_LINUX_X86_64;
		break;
	case LINUX_ARCH_I386:
		ev->abi = PICO_ABI_LINUX_I386;
		narrow_args(ev);
		break;
	case LINUX_ARCH_AARCH64:
		ev->abi = PICO_ABI_LINUX_AARCH64;
		break;
	case LINUX_ARCH_ARM:
		ev->abi = PICO_ABI_LINUX_ARM;
		break;
	default:
		ev->abi = PICO_ABI_UNKNOWN;
		break;
	}
}

int
pico_linux_entry_of(const struct pico_raw *raw, struct pico_event *ev)
{
	uint8_t op = raw->syscall_info[LINUX_INFO_OP];

	if (op != LINUX_OP_ENTRY && op != LINUX_OP_SECCOMP)
		return 0;
	ev->sysnum = (int32_t)pico_u64(raw->syscall_info + LINUX_INFO_NR);
	set_abi(ev, pico_u32(raw->syscall_info + LINUX_INFO_ARCH));
	return 1;
}

static int
decode_entry(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;

	ev->sysnum = (int32_t)pico_u64(raw->syscall_info + LINUX_INFO_NR);
	memcpy(ev->args, raw->syscall_info + LINUX_INFO_ARGS, LINUX_ARGS * sizeof(ev->args[0]));
	set_abi(ev, pico_u32(raw->syscall_info + LINUX_INFO_ARCH));
	/* The kernel is silent about the end of a first LWP while others live: it has to be asked. */
	if (l->process != NULL && l->id == l->process->pid && l->process->lwps > 1 && pico_linux_is(ev, LINUX_EXIT))
		d->resume = PICO_RESUME_LAST;
	d->confines = pico_linux_confines(ev);
	return done(d, PICO_SCE);
}

static int
decode_exit(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;
	uint64_t rval = pico_u64(raw->syscall_info + LINUX_INFO_RVAL);

	if ((!l->in_call || l->stepped) && !(raw->have & PICO_NEED_REGS))
		return PICO_NEED_REGS;
	if (l->stepped)
		ev->addr = pico_linux_pc_of(raw);
	if (!l->in_call) {
		struct pico_call call;
		pico_linux_call_of(raw, pico_u32(raw->syscall_info + LINUX_INFO_ARCH), &call);
		ev->flags |= PICO_HALF;
		ev->sysnum = (int32_t)call.sysnum;
		memcpy(ev->args, call.args, sizeof(call.args));
	}
	set_abi(ev, pico_u32(raw->syscall_info + LINUX_INFO_ARCH));
	if (raw->syscall_info[LINUX_INFO_IS_ERROR])
		ev->error = (int32_t)-(int64_t)rval;
	else
		ev->retval[0] = rval;
	return done(d, PICO_SCX);
}

/* Its last stop was in the middle of a call, whose exit is the next; though the tracer may have come between. */
static int
was_inside(const struct pico_lwp *l)
{
	int event = l->status >> 16;

	return (l->status & 0xff) == 0x7f && event >= LINUX_EVENT_FORK && event <= LINUX_EVENT_VFORK_DONE;
}

/* A kernel that does not tell which of the two stops of a call this is: they alternate, and the
 * registers have the rest. */
static int
decode_untold(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d, int is_exit)
{
	struct pico_raw told = *raw;
	struct pico_call call;

	if (!(raw->have & PICO_NEED_REGS))
		return PICO_NEED_REGS;
	pico_linux_call_of(raw, 0, &call);
	memcpy(told.syscall_info + LINUX_INFO_ARCH, &call.arch, sizeof(call.arch));
	if (!is_exit) {
		memcpy(told.syscall_info + LINUX_INFO_NR, &call.sysnum, sizeof(call.sysnum));
		memcpy(told.syscall_info + LINUX_INFO_ARGS, call.args, sizeof(call.args));
		return decode_entry(&told, l, d);
	}
	memcpy(told.syscall_info + LINUX_INFO_RVAL, &call.result, sizeof(call.result));
	told.syscall_info[LINUX_INFO_IS_ERROR] = call.result < 0 && call.result >= -4095;
	return decode_exit(&told, l, d);
}

static int
decode_syscall(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	if (!(raw->have & PICO_NEED_SYSCALL_INFO))
		return PICO_NEED_SYSCALL_INFO;
	switch (raw->syscall_info[LINUX_INFO_OP]) {
	case LINUX_OP_ENTRY:
		return decode_entry(raw, l, d);
	case LINUX_OP_EXIT:
		return decode_exit(raw, l, d);
	case LINUX_OP_UNTOLD:
		return decode_untold(raw, l, d, l->in_call || l->skip_exit || was_inside(l));
	default:
		/* A stop that the kernel itself takes for no call's: there is nothing to say of it. */
		return done(d, PICO_NONE);
	}
}

/* A fault is the LWP's own doing when the kernel raised it for an instruction of its. */
static int
is_fault(int signo, int code)
{
	if (code <= 0)
		return 0;
	switch (signo) {
	case LINUX_SIGILL:
	case LINUX_SIGTRAP:
	case LINUX_SIGBUS:
	case LINUX_SIGFPE:
	case LINUX_SIGSEGV:
	case LINUX_SIGSYS:
		return 1;
	default:
		return 0;
	}
}

/* The trap after one instruction. After a call x86 has another code for it (user_single_step_report in the
 * kernel's arch/x86/kernel/ptrace.c), which is a breakpoint instruction's elsewhere; and before a
 * handler's first instruction it is the signal's number (signal_setup_done, ptrace_notify). */
static int
is_step(const struct pico_raw *raw, int code)
{
	return code == LINUX_TRAP_TRACE || code == LINUX_SIGTRAP ||
	    (code == LINUX_TRAP_BRKPT && raw->machine == LINUX_EM_X86_64);
}

static int
decode_signal(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event *ev = &d->event;
	const uint8_t *si = raw->siginfo;

	if (!(raw->have & PICO_NEED_SIGINFO))
		return PICO_NEED_SIGINFO;
	ev->signo = d->signo = (raw->status >> 8) & 0xff;
	d->stops = ev->signo >= LINUX_SIGSTOP && ev->signo <= LINUX_SIGTTOU;
	ev->code = (int32_t)pico_u32(si + LINUX_SI_CODE);
	ev->sig_errno = (int32_t)pico_u32(si + LINUX_SI_ERRNO);
	if (l != NULL && l->stepped && ev->signo == LINUX_SIGTRAP) {
		if (!(raw->have & PICO_NEED_REGS))
			return PICO_NEED_REGS;
		if (is_step(raw, ev->code)) {
			d->signo = 0;
			ev->addr = pico_linux_pc_of(raw);
			return done(d, PICO_SINGLESTEP);
		}
	}
	if (l != NULL && l->breaks && ev->signo == LINUX_SIGTRAP && ev->code == LINUX_TRAP_HWBKPT) {
		d->signo = 0;
		ev->addr = pico_u64(si + LINUX_SI_ADDR);
		return done(d, PICO_BREAKPOINT);
	}
	if (is_fault(ev->signo, ev->code)) {
		ev->addr = pico_u64(si + LINUX_SI_ADDR);
		ev->flags |= PICO_HAS_ADDR;
		return done(d, PICO_CRASHED);
	}
	/* A timer's siginfo has its id where others have the sender. */
	if (ev->signo == LINUX_SIGCHLD || (ev->code <= 0 && ev->code != LINUX_SI_TIMER)) {
		ev->sender = (int32_t)pico_u32(si + LINUX_SI_PID);
		ev->uid = pico_u32(si + LINUX_SI_UID);
		ev->flags |= PICO_HAS_SENDER;
	}
	if (ev->signo == LINUX_SIGCHLD && ev->code > 0)
		ev->status = (int32_t)pico_u32(si + LINUX_SI_STATUS);
	else if (ev->code < 0)
		ev->value = pico_u64(si + LINUX_SI_VALUE);
	return done(d, PICO_STOPPED);
}

/* fork, vfork and clone with any flags come as one of three events; which of the three says how the
 * parent waits, and whether the new one is a process or an LWP is asked of the kernel. */
static int
decode_child(const struct pico_raw *raw, struct pico_decoded *d, int event)
{
	int lacks = (PICO_NEED_STATE | PICO_NEED_OWNER) & ~(int)raw->have;

	if (lacks & PICO_NEED_STATE)
		return PICO_NEED_STATE;
	if (lacks)
		return PICO_NEED_OWNER;
	if (raw->owned) {
		d->event.lwp = (int32_t)raw->state;
		return done(d, PICO_LWP_CREATED);
	}
	d->event.other = (int32_t)raw->state;
	return done(d, event == LINUX_EVENT_VFORK ? PICO_VFORKED : PICO_FORKED);
}

/* Any LWP may come here; of a later one, and of one that takes its process with it, the wait tells. */
static int
decode_exiting(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	struct pico_event last = { .abi = l->abi, .sysnum = l->sysnum };
	struct pico_call call;

	d->resume = PICO_RESUME_CONTINUE;
	if (l->process == NULL || l->id != l->process->pid || l->process->lwps == 1)
		return done(d, PICO_NONE);
	if (!l->in_call) {
		if (!(raw->have & PICO_NEED_REGS))
			return PICO_NEED_REGS;
		pico_linux_call_of(raw, 0, &call);
		last.sysnum = (int32_t)call.sysnum;
		set_abi(&last, call.arch);
	}
	return done(d, pico_linux_is(&last, LINUX_EXIT) ? PICO_LWP_EXITED : PICO_NONE);
}

/* The kernel answers it without a call, and asks filters all the same; but it has no exit, of which a tracer could be
 * told. */
static int
is_vsyscall(const struct pico_raw *raw, int told)
{
	uint64_t pc = told ? pico_u64(raw->syscall_info + LINUX_INFO_PC) : pico_linux_pc_of(raw);

	return (pc & ~(uint64_t)LINUX_VSYSCALLS_WHICH) == LINUX_VSYSCALLS;
}

/* A filter leaves a call to the tracer: ours does for those of interest. A program's own means some tracer that
 * it knows of, and without one the call fails (seccomp(2), SECCOMP_RET_TRACE). */
static int
decode_filtered(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	uint64_t word = pico_u32(raw->syscall_info + LINUX_INFO_RET_DATA);

	if (!(raw->have & PICO_NEED_SYSCALL_INFO))
		return PICO_NEED_SYSCALL_INFO;
	int told = raw->syscall_info[LINUX_INFO_OP] != LINUX_OP_UNTOLD;
	if (!told && ~raw->have & (PICO_NEED_STATE | PICO_NEED_REGS))
		return PICO_NEED_STATE | PICO_NEED_REGS;
	if ((told ? word : raw->state) != PICO_FILTER_WORD)
		d->refuse = LINUX_ENOSYS;
	/* Its entry was a stop of its own. */
	if (l->in_call || is_vsyscall(raw, told))
		return done(d, PICO_NONE);
	return told ? decode_entry(raw, l, d) : decode_untold(raw, l, d, 0);
}

static int
decode_stop(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	if (((raw->status >> 8) & 0xff) != LINUX_SIGTRAP) {
		d->resume = PICO_RESUME_LISTEN;
		return done(d, PICO_GROUP_STOP);
	}
	if (l->state == PICO_LWP_LISTENING) {
		d->event.lwp = 0;
		return done(d, PICO_CONTINUED);
	}
	return done(d, l->state == PICO_LWP_EXPECTED ? PICO_FIRST_STOP : PICO_INTERRUPTED);
}

static int
decode_event(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d, int event)
{
	switch (event) {
	case LINUX_EVENT_FORK:
	case LINUX_EVENT_VFORK:
	case LINUX_EVENT_CLONE:
		return decode_child(raw, d, event);
	case LINUX_EVENT_EXEC:
		if (!(raw->have & PICO_NEED_STATE))
			return PICO_NEED_STATE;
		if ((int32_t)raw->state != raw->id)
			d->event.other = (int32_t)raw->state;
		return done(d, PICO_EXEC);
	case LINUX_EVENT_VFORK_DONE:
		if (!(raw->have & PICO_NEED_STATE))
			return PICO_NEED_STATE;
		d->event.other = (int32_t)raw->state;
		/* The kernel says so of a child, too, that asked not to be traced and was not told of (kernel_clone). */
		return done(d, l->made < 0 || l->made == d->event.other ? PICO_VFORK_DONE : PICO_NONE);
	case LINUX_EVENT_EXIT:
		return decode_exiting(raw, l, d);
	case LINUX_EVENT_SECCOMP:
		return decode_filtered(raw, l, d);
	case LINUX_EVENT_STOP:
		return decode_stop(raw, l, d);
	default:
		return done(d, PICO_NONE);
	}
}

int
pico_linux_decode(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	int event = raw->status >> 16;

	memset(d, 0, sizeof(*d));
	d->lwp = d->event.lwp = raw->id;
	d->resume = PICO_RESUME_SYSCALL;
	if ((raw->status & 0xff) != 0x7f)
		return decode_end(raw, l, d);
	if (event != 0)
		return decode_event(raw, l, d, event);
	if (((raw->status >> 8) & 0xff) == LINUX_SYSCALL_STOP)
		return decode_syscall(raw, l, d);
	return decode_signal(raw, l, d);
}
