/*
 * The Linux side of the kernel contract: ptrace(2) by PTRACE_SEIZE, and the wait.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi.h"
#include "decode.h"
#include "linux_kernel.h"

/* The decoder's numbers are the system's. */
_Static_assert(LINUX_EVENT_FORK == PTRACE_EVENT_FORK && LINUX_EVENT_VFORK == PTRACE_EVENT_VFORK &&
    LINUX_EVENT_CLONE == PTRACE_EVENT_CLONE && LINUX_EVENT_EXEC == PTRACE_EVENT_EXEC &&
    LINUX_EVENT_VFORK_DONE == PTRACE_EVENT_VFORK_DONE && LINUX_EVENT_EXIT == PTRACE_EVENT_EXIT &&
    LINUX_EVENT_SECCOMP == PTRACE_EVENT_SECCOMP && LINUX_EVENT_STOP == PTRACE_EVENT_STOP, "ptrace events");
_Static_assert(LINUX_SIGILL == SIGILL && LINUX_SIGTRAP == SIGTRAP && LINUX_SIGBUS == SIGBUS &&
    LINUX_SIGFPE == SIGFPE && LINUX_SIGSEGV == SIGSEGV && LINUX_SIGCHLD == SIGCHLD &&
    LINUX_SIGSTOP == SIGSTOP && LINUX_SIGTTOU == SIGTTOU && LINUX_SIGSYS == SIGSYS, "signal numbers");
_Static_assert(LINUX_SI_KERNEL == SI_KERNEL && LINUX_SI_TIMER == SI_TIMER &&
    LINUX_TRAP_BRKPT == TRAP_BRKPT && LINUX_TRAP_TRACE == TRAP_TRACE && LINUX_TRAP_HWBKPT == TRAP_HWBKPT,
    "si_code");
_Static_assert(offsetof(siginfo_t, si_code) == LINUX_SI_CODE && offsetof(siginfo_t, si_pid) == LINUX_SI_PID &&
    offsetof(siginfo_t, si_uid) == LINUX_SI_UID && offsetof(siginfo_t, si_addr) == LINUX_SI_ADDR &&
    offsetof(siginfo_t, si_status) == LINUX_SI_STATUS && offsetof(siginfo_t, si_value) == LINUX_SI_VALUE &&
    sizeof(siginfo_t) <= sizeof(((struct pico_raw *)0)->siginfo), "siginfo_t");
_Static_assert(offsetof(struct __ptrace_syscall_info, arch) == LINUX_INFO_ARCH &&
    offsetof(struct __ptrace_syscall_info, instruction_pointer) == LINUX_INFO_PC &&
    offsetof(struct __ptrace_syscall_info, entry.nr) == LINUX_INFO_NR &&
    offsetof(struct __ptrace_syscall_info, entry.args) == LINUX_INFO_ARGS &&
    offsetof(struct __ptrace_syscall_info, exit.rval) == LINUX_INFO_RVAL &&
    offsetof(struct __ptrace_syscall_info, exit.is_error) == LINUX_INFO_IS_ERROR &&
    offsetof(struct __ptrace_syscall_info, seccomp.nr) == LINUX_INFO_NR &&
    offsetof(struct __ptrace_syscall_info, seccomp.args) == LINUX_INFO_ARGS &&
    offsetof(struct __ptrace_syscall_info, seccomp.ret_data) == LINUX_INFO_RET_DATA &&
    PTRACE_SYSCALL_INFO_ENTRY == LINUX_OP_ENTRY && PTRACE_SYSCALL_INFO_EXIT == LINUX_OP_EXIT &&
    PTRACE_SYSCALL_INFO_SECCOMP == LINUX_OP_SECCOMP,
    "struct ptrace_syscall_info");

_Static_assert(LINUX_CLONE_UNTRACED == CLONE_UNTRACED && LINUX_ENOSYS == ENOSYS &&
    LINUX_PR_SET_SECCOMP == PR_SET_SECCOMP && LINUX_SECCOMP_SET_MODE_FILTER == SECCOMP_SET_MODE_FILTER,
    "clone, seccomp");
_Static_assert(LINUX_EM_X86_64 == EM_X86_64 && LINUX_EM_AARCH64 == EM_AARCH64, "e_machine");

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define CAN_STEP_BLOCK PICO_CAN_STEP_BLOCK
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#define CAN_STEP_BLOCK 0
#else
#error "pypicotrace does not know the registers of this machine yet: see csrc/linux/regs.c"
#endif

unsigned long
pico_linux_options(int report, int spawned)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;

	if (report & PICO_REPORT_LWPS)
		options |= PTRACE_O_TRACECLONE;
	if (report & PICO_REPORT_CHILDREN)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE;
	if (report & PICO_REPORT_EXITING)
		options |= PTRACE_O_TRACEEXIT;
	if (spawned)
		options |= PTRACE_O_EXITKILL;
	return options;
}

/* What the kernel says of the stop; -ESRCH: it is not that one any more. A stop that was waited for may be over
 * when it is asked about: an execve ends the LWP, and gives its id to another, which stands at a stop of its own. */
static int
answer_siginfo(const struct pico_raw *raw, siginfo_t *si)
{
	if (ptrace(PTRACE_GETSIGINFO, raw->id, NULL, si) < 0)
		return -errno;
	int same = raw->status >> 16 != 0 ? si->si_code == raw->status >> 8 : si->si_signo == WSTOPSIG(raw->status);
	return same ? 0 : -ESRCH;
}

/* The message is looked at first: the stop that is the same afterwards was so then. */
static int
answer_state(struct pico_raw *raw)
{
	unsigned long message;
	siginfo_t si;

	if (ptrace(PTRACE_GETEVENTMSG, raw->id, NULL, &message) < 0)
		return -errno;
	raw->state = message;
	return answer_siginfo(raw, &si);
}

static int
answer_owner(int32_t pid, struct pico_raw *raw)
{
	/* Signal 0 asks whether this id is an LWP of that process, and sends nothing. */
	if (syscall(SYS_tgkill, pid, (int32_t)raw->state, 0) == 0 || errno == EPERM)
		raw->owned = 1;
	else if (errno == ESRCH)
		raw->owned = 0;
	else
		return -errno;
	return 0;
}

/* Kernels before 5.3 answer EIO, as to any request that they do not know. */
static int
answer_syscall_info(struct pico_raw *raw)
{
	if (ptrace(PTRACE_GET_SYSCALL_INFO, raw->id, sizeof(raw->syscall_info), raw->syscall_info) >= 0)
		return 0;
	if (errno != EIO)
		return -errno;
	raw->syscall_info[LINUX_INFO_OP] = LINUX_OP_UNTOLD;
	return 0;
}

int
pico_linux_answer_regs(struct pico_raw *raw)
{
	int64_t size = pico_linux_get_regs(NULL, 0, raw->id, raw->regs, sizeof(raw->regs));

	if (size < 0)
		return (int)size;
	raw->machine = MACHINE;
	raw->regs_size = (uint32_t)size;
	return 0;
}

static int
answer_one(int32_t pid, struct pico_raw *raw, int need)
{
	siginfo_t si = { 0 };
	int e;

	switch (need) {
	case PICO_NEED_SIGINFO:
		e = answer_siginfo(raw, &si);
		memcpy(raw->siginfo, &si, sizeof(si));
		return e;
	case PICO_NEED_SYSCALL_INFO:
		return answer_syscall_info(raw);
	case PICO_NEED_STATE:
		return answer_state(raw);
	case PICO_NEED_OWNER:
		return answer_owner(pid, raw);
	case PICO_NEED_REGS:
		return pico_linux_answer_regs(raw);
	default:
		return -EINVAL;
	}
}

static int
tells_of_child(const struct pico_raw *raw)
{
	int event = raw->status >> 16;
	return event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE;
}

static int
linux_answer(struct pico_kernel *kernel, int32_t pid, struct pico_raw *raw, int needs)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;

	for (int need = 1; need <= needs; need <<= 1) {
		if (!(needs & need))
			continue;
		int e = answer_one(pid, raw, need);
		if (e < 0)
			return e;
		raw->have |= (uint32_t)need;
	}
	if (needs & PICO_NEED_STATE && tells_of_child(raw)) {
		pico_linux_own(k, (int32_t)raw->state);
		if (k->pin.mode == PICO_PIN_AUTO)
			pico_linux_pin_made(k, raw->id, (int32_t)raw->state);
	} else if (raw->status >> 16 == PTRACE_EVENT_EXEC && (int32_t)raw->state != raw->id) {
		pico_linux_disown(k, (int32_t)raw->state);
		pico_linux_pin_renamed(k, (int32_t)raw->state, raw->id);
	}
	if (needs & PICO_NEED_SYSCALL_INFO && k->pin.mode == PICO_PIN_AUTO)
		pico_linux_pin_entry(k, raw);
	return 0;
}

static int
linux_resume(struct pico_kernel *kernel, int32_t pid, int32_t lwp, int how, int signo)
{
	static const int request[] = {
		[PICO_RESUME_SYSCALL] = PTRACE_SYSCALL,
		[PICO_RESUME_CONTINUE] = PTRACE_CONT,
		[PICO_RESUME_LISTEN] = PTRACE_LISTEN,
		[PICO_RESUME_LAST] = PTRACE_SYSCALL,
		[PICO_RESUME_STEP] = PTRACE_SINGLESTEP,
#ifdef __x86_64__
		[PICO_RESUME_BLOCK] = PTRACE_SINGLEBLOCK,
#endif
	};
	struct linux_kernel *k = (struct linux_kernel *)kernel;

	(void)pid;
	if (k->host_children_count > 0 && pico_linux_host_child_let_go(k, lwp))
		return 0;
	if (how == PICO_RESUME_LAST) {
		/* The other options are as every LWP has them; those of a spawned one differ by
		 * EXITKILL, which a first LWP about to exit can do without: the others have it. */
		unsigned long options =
		    pico_linux_options(PICO_REPORT_CHILDREN | PICO_REPORT_EXITING | PICO_REPORT_LWPS, 0) |
		    (k->filter != NULL ? PTRACE_O_TRACESECCOMP : 0);
		(void)ptrace(PTRACE_SETOPTIONS, lwp, NULL, options);	/* ESRCH: killed; see below */
	}
	/* A call that is stepped over would have neither of its stops. */
	if ((how == PICO_RESUME_STEP || how == PICO_RESUME_BLOCK) && pico_linux_at_call(lwp, signo))
		how = PICO_RESUME_SYSCALL;
	/* One within the block has no stop at its entry. */
	if (how == PICO_RESUME_BLOCK && k->pin.mode == PICO_PIN_AUTO)
		pico_linux_pin_blind(k);
	if (ptrace(request[how], lwp, NULL, (void *)(intptr_t)signo) == 0)
		return 0;
	/* It was killed in its group-stop, and stands where it exits. */
	return how == PICO_RESUME_LISTEN && errno == EIO ? -ESRCH : -errno;
}

static int
linux_detach(struct pico_kernel *kernel, int32_t pid, int32_t lwp, int signo)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;

	(void)pid;
	if (lwp == k->pin.lwp)
		pico_linux_unpin(k);
	pico_linux_breakpoints_clear(k, lwp);
	if (ptrace(PTRACE_DETACH, lwp, NULL, (void *)(intptr_t)signo) < 0)
		return -errno;
	pico_linux_host_child_detached(k, lwp);
	pico_linux_disown(k, lwp);
	return 0;
}

/* Without SA_NOCLDSTOP the kernel sends a SIGCHLD at each stop, to be ignored: 3 % of a call. (execve(2) clears the
 * flag again.) */
static void
linux_alone(struct pico_kernel *kernel)
{
	struct sigaction action;

	(void)kernel;
	if (sigaction(SIGCHLD, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
		return;
	action.sa_flags |= SA_NOCLDSTOP;
	(void)sigaction(SIGCHLD, &action, NULL);
}

static int
linux_interrupt(struct pico_kernel *kernel, int32_t pid, int32_t lwp)
{
	(void)kernel;
	if (ptrace(PTRACE_INTERRUPT, lwp, NULL, NULL) < 0)
		return -errno;
	return lwp == pid && pico_linux_has_lost_first(pid) ? 2 : 0;
}

static int
linux_kill(struct pico_kernel *kernel, int32_t pid)
{
	(void)kernel;
	return kill(pid, SIGKILL) < 0 ? -errno : 0;
}

static void
linux_close(struct pico_kernel *kernel)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;

	pico_linux_pin_close(k);
	pico_linux_tick_close(k);
	pico_linux_unshare(k);
	free(k->early);
	pico_linux_turns_free(&k->turns);
	free(k->host_children);
	free(k->altered);
	free(k->syscall);
	free(k);
}

struct pico_kernel *
pico_kernel_native(int *error)
{
	struct linux_kernel *k = calloc(1, sizeof(*k));

	*error = k == NULL ? -ENOMEM : pico_linux_proc_is_anothers() ? -EXDEV : 0;
	if (*error < 0) {
		free(k);
		return NULL;
	}
	k->pin.mode = PICO_PIN_OFF;
	k->ops = (struct pico_kernel){
		.os = "linux",
		.capabilities = PICO_CAN_FOLLOW_LWP | PICO_CAN_STEP | PICO_CAN_WHOLE_RESULTS | CAN_STEP_BLOCK,
		.decode = pico_linux_decode,
		.wait = pico_linux_wait,
		.missed = pico_linux_missed,
		.answer = linux_answer,
		.resume = linux_resume,
		.spawn = pico_linux_spawn,
		.set_filter = pico_linux_set_filter,
		.alone = linux_alone,
		.set_pin = pico_linux_set_pin,
		.keep_child = pico_linux_keep_child,
		.attach = pico_linux_attach,
		.detach = linux_detach,
		.trapped = pico_linux_trapped,
		.interrupt = linux_interrupt,
		.gather = pico_linux_gather,
		.kill = linux_kill,
		.refusal = pico_linux_refusal,
		.children = pico_linux_children,
		.family = pico_linux_family,
		.program = pico_linux_program,
		.image = pico_linux_image,
		.read = pico_linux_read,
		.write = pico_linux_write,
		.send = pico_linux_send,
		.set_siginfo = pico_linux_set_siginfo,
		.get_regs = pico_linux_get_regs,
		.set_regs = pico_linux_set_regs,
		.get_regset = pico_linux_get_regset,
		.alter = pico_linux_alter,
		.syscall = pico_linux_syscall,
		.breakpoint = pico_linux_breakpoint,
		.tick = pico_linux_tick,
		.close = linux_close,
	};
	pico_linux_share(k);
	k->thread = gettid();
	*error = pico_linux_tick_open(k);
	if (*error < 0) {
		pico_linux_unshare(k);
		free(k);
		return NULL;
	}
	return &k->ops;
}
