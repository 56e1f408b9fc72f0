/*
 * A call of the tracer's, made by an LWP that stands at the entry or the exit of one of its own.
 *
 * At an entry the call in hand gives way: its number and arguments are the other's for once, and after that the
 * instruction is executed again, up to the entry. At an exit the instruction is executed again for the other
 * call. Then all registers are as they were, and the LWP stands as it did. (x86 alone: arm64 has the number
 * apart from the registers, and the first argument where the result comes.)
 *
 * Meanwhile signals are blocked and come after. What cannot be blocked, or must not be since the kernel
 * would take it for fatal (force_sig_info_to_task() in kernel/signal.c), is put away and sent once more.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "abi.h"
#include "calls.h"
#include "linux_kernel.h"
#include "regs.h"

enum { PENDING = 32, VDSO_SIZE = 8192 };

enum phase {
	TO_ENTRY,	/* from an exit to the entry of the tracer's call */
	TO_EXIT,	/* to its exit */
	BACK,		/* from there to the entry of the call in hand */
	TO_TRAP		/* from there to the SIGSYS that a filter has raised instead of it */
};

struct linux_syscall {
	int32_t pid, lwp;
	enum phase phase;
	int entry;		/* it stands at one, and is to do so in the end */
	struct pico_event call;	/* the tracer's, and what has come of it */
	struct pico_raw saved;	/* what its registers have in the end, */
	uint64_t mask;		/* and its signal mask */
	uint64_t at;		/* an instruction that makes a call */
	int cancelled;		/* interrupted, it is not to be made again */
	int has_trap;		/* a SIGSYS of the program's own is pending */
	int trapped;		/* one was raised by the tracer's call */
	int stopped;		/* it has come to stops of its group that have still to be told of */
	uint64_t put_away;	/* signals, to be sent once more */
};

static uint64_t
bit(int signo)
{
	return 1ull << (signo - 1);
}

static int
go(const struct linux_syscall *s)
{
	return ptrace(PTRACE_SYSCALL, s->lwp, NULL, NULL) < 0 ? -errno : 0;
}

static int
set_mask(const struct linux_syscall *s, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, s->lwp, sizeof(mask), &mask) < 0 ? -errno : 0;
}

static int
set_regs(const struct linux_syscall *s, const struct pico_raw *raw)
{
	return pico_linux_set_regs(NULL, s->pid, s->lwp, raw->regs, raw->regs_size);
}

static int
is_raised(const siginfo_t *info)
{
	return info->si_code > 0;	/* by the kernel, not sent by anybody */
}

static int
has_trap(int32_t lwp)
{
	siginfo_t infos[PENDING];
	struct __ptrace_peeksiginfo_args args = { .nr = PENDING };
	long n = ptrace(PTRACE_PEEKSIGINFO, lwp, &args, infos);

	for (long i = 0; i < n; i++)
		if (infos[i].si_signo == SIGSYS && is_raised(&infos[i]))
			return 1;
	return 0;
}

/* Where the kernel has mapped code of its own into the process, which makes calls, too: vdso(7). */
static uint64_t
vdso_of(int32_t pid)
{
	uint64_t pair[2], offset = 0;

	for (; pico_linux_image(NULL, pid, PICO_IMAGE_AUXV, offset, pair, sizeof(pair)) == (int64_t)sizeof(pair);
	    offset += sizeof(pair))
		if (pair[0] == AT_SYSINFO_EHDR)
			return pair[1];
	return 0;
}

/* Among `size` bytes at `addr`; 0: there is none. */
static uint64_t
find_instruction_in(const struct linux_syscall *s, uint64_t addr, size_t size)
{
	uint8_t code[VDSO_SIZE];
	int64_t n = pico_linux_read(NULL, s->pid, s->lwp, addr, code, size);

	for (int64_t i = 0; i + PICO_LINUX_CALL_SIZE <= n; i++)
		if (pico_linux_makes_call(s->call.abi, code + i))
			return addr + (uint64_t)i;
	return 0;
}

/* One that was killed has no memory to find anything in. */
static int
still_stands(const struct linux_syscall *s)
{
	uint64_t mask;

	return ptrace(PTRACE_GETSIGMASK, s->lwp, sizeof(mask), &mask) == 0;
}

/* That of the call in hand; but after an execve or the return from a handler the registers are others'. */
static int
find_instruction(struct linux_syscall *s)
{
	s->at = find_instruction_in(s, pico_linux_pc_of(&s->saved) - PICO_LINUX_CALL_SIZE, PICO_LINUX_CALL_SIZE);
	uint64_t vdso = s->at == 0 ? vdso_of(s->pid) : 0;
	if (vdso != 0)
		s->at = find_instruction_in(s, vdso, VDSO_SIZE);
	if (s->at != 0)
		return 0;
	return still_stands(s) ? -EOPNOTSUPP : -ESRCH;
}

/* Calls such as sigsuspend(2) and epoll_pwait(2) set a mask, and when they were interrupted put it back only
 * after the handler has run. Were another mask set meanwhile, that would be lost (PTRACE_SETSIGMASK). */
static int
has_mask_of_call(const struct linux_syscall *s)
{
	uint64_t blocked;

	return pico_linux_status_mask(s->lwp, "SigBlk", &blocked) == 0 && blocked != s->mask;
}

static int
block_signals(struct linux_syscall *s)
{
	uint64_t open = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGFPE) | bit(SIGSYS);

	s->has_trap = has_trap(s->lwp);
	if (s->has_trap)
		open &= ~bit(SIGSYS);	/* it stays pending */
	return set_mask(s, ~open);
}

/* Where this fails, nothing has been changed. */
static int
prepare(struct linux_syscall *s, struct pico_raw *raw)
{
	int e = pico_linux_answer_regs(raw);

	s->saved = *raw;
	if (e == 0)
		e = pico_linux_regs_alter(raw, &s->call, PICO_ALTER_NUMBER | PICO_ALTER_ARGS);
	if (e == 0)
		e = find_instruction(s);
	if (e == 0)
		e = s->entry ? pico_linux_regs_put_pc(raw, s->call.abi, s->at + PICO_LINUX_CALL_SIZE)
			     : pico_linux_regs_again(raw, s->call.abi, s->at);
	if (e == 0 && ptrace(PTRACE_GETSIGMASK, s->lwp, sizeof(s->mask), &s->mask) < 0)
		e = -errno;
	if (e == 0 && !s->entry && has_mask_of_call(s))
		e = -EAGAIN;
	return e < 0 ? e : block_signals(s);
}

static int
begin(struct linux_syscall *s)
{
	struct pico_raw raw = { .id = s->lwp };
	int e = prepare(s, &raw);

	if (e < 0)
		return e;
	e = set_regs(s, &raw);
	if (e == 0)
		return go(s);
	(void)set_mask(s, s->mask);	/* ESRCH: it was killed */
	return e;
}

/* A SIGCONT has come after the SIGSTOP that was put away, and has undone it. */
static int
is_continued(const struct linux_syscall *s)
{
	uint64_t own = 0, shared = 0;

	(void)pico_linux_status_mask(s->lwp, "SigPnd", &own);
	(void)pico_linux_status_mask(s->lwp, "ShdPnd", &shared);
	return ((own | shared) & bit(SIGCONT)) != 0;
}

/* 1: all is as it was, and what was put away comes now. */
static int
finish(struct linux_syscall *s)
{
	struct pico_raw now = { .id = s->lwp };
	int e = pico_linux_answer_regs(&now);

	pico_linux_regs_keep_bases(&s->saved, &now);
	if (e == 0)
		e = set_regs(s, &s->saved);
	if (s->put_away & bit(SIGSTOP) && is_continued(s))
		s->put_away &= ~bit(SIGSTOP);
	if (e == 0)
		e = set_mask(s, s->mask);
	for (int signo = 1; e == 0 && signo <= 64; signo++)
		if (s->put_away & bit(signo))
			e = pico_linux_send(NULL, s->pid, s->lwp, signo);
	if (e == 0 && s->stopped && ptrace(PTRACE_INTERRUPT, s->lwp, NULL, NULL) < 0)
		e = -errno;
	return e < 0 ? e : 1;
}

/* What cannot be blocked has interrupted it: the kernel itself makes it again (ERESTARTSYS and its like). */
static int
is_restarted(const struct linux_syscall *s)
{
	return s->call.error >= LINUX_ERESTARTSYS && s->call.error <= LINUX_ERESTART_RESTARTBLOCK && !s->cancelled;
}

static int
take_exit(struct linux_syscall *s)
{
	struct pico_raw raw = { .id = s->lwp };
	int e = pico_linux_answer_regs(&raw);

	if (e < 0)
		return e;
	pico_linux_regs_result(&raw, &s->call);
	if (is_restarted(s)) {
		s->phase = TO_ENTRY;
		return go(s);
	}
	s->trapped = !s->has_trap && has_trap(s->lwp);
	if (!s->entry && !s->trapped)
		return finish(s);
	s->phase = s->entry ? BACK : TO_TRAP;
	struct pico_raw again = s->saved;
	if (s->entry)
		e = pico_linux_regs_again(&again, s->call.abi, s->at);
	pico_linux_regs_keep_bases(&again, &raw);
	if (e == 0)
		e = set_regs(s, &again);
	return e < 0 ? e : go(s);
}

static int
take_call_stop(struct linux_syscall *s)
{
	if (s->phase == TO_EXIT)
		return take_exit(s);
	if (s->phase != TO_ENTRY)
		return finish(s);
	s->phase = TO_EXIT;
	return go(s);
}

/* -ENOTSUP: it is none that can be kept from the program. */
static int
take_signal(struct linux_syscall *s, int signo)
{
	siginfo_t info;

	if (ptrace(PTRACE_GETSIGINFO, s->lwp, NULL, &info) < 0)
		return -errno;
	if (signo == SIGSTOP || !is_raised(&info)) {
		s->put_away |= bit(signo);
		return go(s);
	}
	if (signo == SIGTRAP)
		return go(s);	/* a breakpoint of ours at that instruction */
	if (signo != SIGSYS)
		return -ENOTSUP;
	s->trapped = 1;
	return s->phase == BACK ? go(s) : finish(s);
}

/* One stop: 0: it goes on; 1: all is done; -EINTR; -ESRCH: it is for the loop to take. */
static int
step(struct linux_kernel *k, struct linux_syscall *s)
{
	int status, e = -ENOTSUP;
	pid_t got = pico_linux_wait_for(s->lwp, &status, 0);

	if (got < 0 && errno == EINTR) {
		(void)pico_linux_ticked();	/* this return is the answer to it */
		return pico_linux_is_zombie(s->lwp) ? -ESRCH : -EINTR;
	}
	if (got <= 0)
		return -ESRCH;
	if (WIFSTOPPED(status) && status >> 16 == 0)
		e = WSTOPSIG(status) == (SIGTRAP | 0x80) ? take_call_stop(s) : take_signal(s, WSTOPSIG(status));
	else if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_SECCOMP)
		e = go(s);	/* after its entry, by our filter: it has been seen */
	else if (WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_STOP) {
		s->stopped = 1;
		e = go(s);
	}
	if (e == -ENOTSUP)
		return pico_linux_keep(k, s->lwp, status) ? -ESRCH : -ENOMEM;
	return e;
}

static int
run(struct linux_kernel *k, struct linux_syscall *s, int how)
{
	int e = 0;

	s->cancelled |= how == PICO_SYSCALL_CANCEL;
	if (how == PICO_SYSCALL_BEGIN)
		e = begin(s);
	else if (how == PICO_SYSCALL_CANCEL && ptrace(PTRACE_INTERRUPT, s->lwp, NULL, NULL) < 0)
		e = -errno;
	while (e == 0 || (e == -EINTR && how == PICO_SYSCALL_CANCEL))
		e = step(k, s);
	return e;
}

static struct linux_syscall *
new_syscall(int32_t pid, int32_t lwp, const struct pico_event *call)
{
	struct linux_syscall *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->pid = pid;
	s->lwp = lwp;
	s->call = *call;
	s->entry = call->kind == PICO_SCE;
	s->phase = s->entry ? TO_EXIT : TO_ENTRY;
	return s;
}

int
pico_linux_syscall(struct pico_kernel *kernel, int32_t pid, int32_t lwp, struct pico_event *call, int how)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;

	if (how == PICO_SYSCALL_BEGIN && k->syscall == NULL) {
		pico_linux_unpin(k);	/* that may be what is asked for */
		k->syscall = new_syscall(pid, lwp, call);
	}
	struct linux_syscall *s = k->syscall;
	if (s == NULL)
		return -ENOMEM;
	int e = run(k, s, how);
	if (e == -EINTR)
		return e;
	call->error = s->trapped ? ENOSYS : s->call.error;
	call->retval[0] = s->call.retval[0];
	int confines = pico_linux_confines(&s->call);
	k->syscall = NULL;
	free(s);
	return e < 0 ? e : confines;
}
