/*
 * The NetBSD side of the kernel contract: ptrace(2). A stop is the whole process's.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <machine/reg.h>

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "../core/bytes.h"
#include "abi.h"
#include "decode.h"
#include "netbsd_kernel.h"

/* The machines whose registers are known are asserted to have them where the decoder looks. */
#define WORD(member, width) (offsetof(struct reg, member) / (width))
#if defined(__x86_64__)
#define ELF_MACHINE EM_X86_64
_Static_assert(NETBSD_EM_X86_64 == EM_X86_64 && NETBSD_AMD64_RAX == _REG_RAX && NETBSD_AMD64_RDX == _REG_RDX &&
    NETBSD_AMD64_RDI == _REG_RDI && NETBSD_AMD64_RSI == _REG_RSI && NETBSD_AMD64_R10 == _REG_R10 &&
    NETBSD_AMD64_R8 == _REG_R8 && NETBSD_AMD64_R9 == _REG_R9 && NETBSD_AMD64_RIP == _REG_RIP &&
    NETBSD_AMD64_RFLAGS == _REG_RFLAGS && NETBSD_AMD64_RSP == _REG_RSP &&
    sizeof(struct reg) == NETBSD_AMD64_WORDS * 8, "registers");
#elif defined(__i386__)
#define ELF_MACHINE EM_386
_Static_assert(NETBSD_EM_386 == EM_386 && WORD(r_eax, 4) == NETBSD_I386_EAX &&
    WORD(r_edx, 4) == NETBSD_I386_EDX && WORD(r_esp, 4) == NETBSD_I386_ESP &&
    WORD(r_eip, 4) == NETBSD_I386_EIP && WORD(r_eflags, 4) == NETBSD_I386_EFLAGS &&
    sizeof(struct reg) == NETBSD_I386_WORDS * 4, "registers");
#elif defined(__aarch64__)
#define ELF_MACHINE EM_AARCH64
_Static_assert(NETBSD_EM_AARCH64 == EM_AARCH64 && WORD(r_reg, 8) == NETBSD_AARCH64_X0 &&
    WORD(r_sp, 8) == NETBSD_AARCH64_SP && WORD(r_pc, 8) == NETBSD_AARCH64_PC &&
    WORD(r_spsr, 8) == NETBSD_AARCH64_SPSR && sizeof(struct reg) == NETBSD_AARCH64_WORDS * 8, "registers");
#else
#define ELF_MACHINE EM_NONE		/* its registers are not known: results stay 32 bits wide */
#endif

#ifdef PT_STEP
#define CAN_STEP (ELF_MACHINE != EM_NONE ? PICO_CAN_STEP : 0)
#define REQUEST_STEP PT_STEP
#else
#define CAN_STEP 0
#define REQUEST_STEP (-1)
#endif

int
pico_netbsd_error(void)
{
	return errno == EBUSY ? -ESRCH : -errno;
}

uint32_t
pico_netbsd_machine(void)
{
	return ELF_MACHINE;
}

/* Of a stop that tells of a child, the child is one of ours from here on. (Of its own first stop the other is
 * its parent.) */
static void
note_child(struct netbsd_kernel *k, struct netbsd_tracee *t, const uint8_t *siginfo)
{
	int32_t other = pico_i32(siginfo + NETBSD_PSI_OTHER);

	if (t->is_new) {
		t->is_new = 0;
		return;
	}
	if (!pico_netbsd_is_trap(siginfo, TRAP_CHLD) || pico_i32(siginfo + NETBSD_PSI_REPORT_EVENT) == PTRACE_VFORK_DONE ||
	    pico_netbsd_find(k, other) != NULL)
		return;
	struct netbsd_tracee *child = pico_netbsd_add(k, other);
	if (child != NULL)
		child->is_new = 1;
}

static int
answer_siginfo(struct netbsd_kernel *k, struct netbsd_tracee *t, struct pico_raw *raw)
{
	int e = pico_netbsd_siginfo(t->pid, raw->siginfo);

	if (e < 0)
		return e;
	pico_netbsd_make_exit(t, raw->siginfo);
	t->lwp = pico_i32(raw->siginfo + NETBSD_PSI_LWPID);
	if (t->one_lwp == 0)
		t->one_lwp = t->lwp;	/* before NetBSD 10 it is not the pid, but 1 */
	pico_netbsd_drop_lwp(&t->trapping, t->lwp);
	t->has_lwps |= t->lwp != 0 && t->lwp != t->one_lwp;
	int at_exit = pico_netbsd_is_trap(raw->siginfo, TRAP_SCX);
	t->returns = at_exit || (t->is_new && pico_netbsd_is_trap(raw->siginfo, TRAP_CHLD));
	t->inside = !at_exit && !(t->request == REQUEST_STEP && pico_netbsd_is_trap(raw->siginfo, TRAP_TRACE));
	if (pico_netbsd_is_trap(raw->siginfo, TRAP_EXEC)) {
		pico_netbsd_altered_forget(k, t->pid);
		t->knows_image = 0;
	}
	pico_netbsd_look_at_image(t);
	if (pico_netbsd_is_trap(raw->siginfo, TRAP_LWP) &&
	    pico_i32(raw->siginfo + NETBSD_PSI_REPORT_EVENT) == PTRACE_LWP_EXIT)
		e = pico_netbsd_put_lwp(&t->ending, t->lwp);
	pico_netbsd_note_execve(k, t, raw->siginfo);
	pico_netbsd_note_fault(t, WSTOPSIG(raw->status), raw->siginfo);
	raw->narrow = t->narrow;
	raw->foreign = t->foreign;
	note_child(k, t, raw->siginfo);	/* may move *t */
	return e;
}

static int
netbsd_answer(struct pico_kernel *kernel, int32_t pid, struct pico_raw *raw, int needs)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);

	if (t == NULL)
		return -ESRCH;
	int e = needs & PICO_NEED_SIGINFO ? answer_siginfo(k, t, raw) : 0;
	if (e == 0 && needs & PICO_NEED_REGS)
		e = pico_netbsd_read_regs(t->pid, t->lwp, raw);
	if (e == 0)
		raw->have |= (uint32_t)needs;
	else if (e == -ESRCH)
		t->stands = 0;	/* killed since: nobody resumes it, and its end is to be waited for */
	return e;
}

int
pico_netbsd_to_pass(int signo)
{
	switch (signo) {
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return 0;
	default:
		return signo;
	}
}

int
pico_netbsd_let_go(const struct netbsd_kernel *k, struct netbsd_tracee *t, int request, int data)
{
	t->request = request;
	t->stepping = request == REQUEST_STEP ? data : 0;
	t->alone = 0;
	if (request == PT_SYSCALL && data == 0 && t->has_lwps) {
		int32_t lwp = pico_netbsd_turn(t);
		if (lwp != 0 && ptrace(request, t->pid, (void *)1, -lwp) == 0)
			return 0;
		t->alone = 0;
		if (pico_netbsd_execute(k, t))
			return 0;
	}
	pico_netbsd_turns_end(t);
	if (data == 0)
		pico_netbsd_drop_lwps(&t->ending);
	return ptrace(request, t->pid, (void *)1, data) < 0 ? pico_netbsd_error() : 0;
}

/* Where calls are not seen, nor is an execve, and ends of LWPs that are reported would have it hang (execve.c): to see
 * one, the calls of several LWPs are seen all the same, and the loop leaves them out. */
static int
request_for(const struct netbsd_kernel *k, struct netbsd_tracee *t, int how)
{
	int unseen = how == PICO_RESUME_CONTINUE && !(t->has_lwps && k->report & PICO_REPORT_EXITING);

	if (t->has_lwps && unseen != t->unseen) {
		t->unseen = (uint8_t)unseen;
		(void)pico_netbsd_set_mask(k, t);	/* ESRCH: killed, as the next request tells */
	}
	return unseen ? PT_CONTINUE : PT_SYSCALL;
}

static int
netbsd_resume(struct pico_kernel *kernel, int32_t pid, int32_t lwp, int how, int signo)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);
	int data, e = 0;

	if (t == NULL)
		return -ESRCH;
	int request = request_for(k, t, how);
	data = pico_netbsd_to_pass(signo);
	/* One that is ignored wakes who sleeps all the same when it is passed on (10.99.12: proc_unstop()). */
	if (data != 0 && !t->faulted && !pico_netbsd_heeds(pid, data))
		data = 0;
	if (how == PICO_RESUME_RETURN) {
		/* A negative LWP: this one alone, for other LWPs' calls would not be seen meanwhile. */
		request = REQUEST_STEP;
		data = -lwp;
		e = pico_netbsd_put_lwp(&t->trapping, lwp);
	} else if (how == PICO_RESUME_STEP) {
		e = pico_netbsd_step(t, lwp);
	} else if (t->lwp == lwp) {
		pico_netbsd_stepped(t, lwp);
	}
	if (e < 0 && e != -ESRCH)
		return e;
	if (signo == SIGCONT)
		t->was_stopped = 0;	/* somebody has continued it since */
	t->stands = 0;	/* also where it was killed, and its end is to be waited for */
	t->has_just_gone = 1;
	if (data > 0)
		e = pico_netbsd_pass(k, t, request, data);
	else if (t->lost != 0 && how != PICO_RESUME_RETURN && !t->answered)
		e = pico_netbsd_pass_again(k, t, request);
	else
		e = pico_netbsd_let_go(k, t, request, data);
	t->answered = 0;
	/* One that stood does not go on but by a SIGKILL, and with LWPs asleep it may hang in its exit until
	 * another comes (10.99.12: kpsignal2() makes it active and leaves its LWPs stopped). */
	if (e == -ESRCH)
		(void)kill(pid, SIGKILL);
	return e;
}

static int
netbsd_step_too(struct pico_kernel *kernel, int32_t pid, int32_t lwp)
{
	struct netbsd_tracee *t = pico_netbsd_find((struct netbsd_kernel *)kernel, pid);

	return t != NULL ? pico_netbsd_step(t, lwp) : -ESRCH;
}

static int
netbsd_send(struct pico_kernel *kernel, int32_t pid, int32_t lwp, int signo)
{
	(void)kernel, (void)lwp;	/* there is no way to send one to another process's LWP */
	return kill(pid, signo) < 0 ? -errno : 0;
}

static int
netbsd_kill(struct pico_kernel *kernel, int32_t pid)
{
	struct netbsd_tracee *t = pico_netbsd_find((struct netbsd_kernel *)kernel, pid);
	int stands = t != NULL && t->stands;

	if (t != NULL)
		t->stands = 0;	/* it ends without being resumed */
	pico_netbsd_suspect((struct netbsd_kernel *)kernel);
	/* Where it stands PT_KILL has its LWPs go on first; after a plain SIGKILL it may hang: see above. */
	if (stands && ptrace(PT_KILL, pid, (void *)1, 0) == 0)
		return 0;
	return kill(pid, SIGKILL) < 0 ? -errno : 0;
}

static void
netbsd_close(struct pico_kernel *kernel)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;

	pico_netbsd_unregister(k);
	pico_netbsd_tick_close(k);
	pico_netbsd_wait_close(k);
	for (uint32_t i = 0; i < k->count; i++)
		pico_netbsd_tracee_free(&k->tracees[i]);
	free(k->tracees);
	free(k->altered);
	free(k);
}

struct pico_kernel *
pico_kernel_native(int *error)
{
	struct netbsd_kernel *k = calloc(1, sizeof(*k));

	*error = -ENOMEM;
	if (k == NULL)
		return NULL;
	k->ops = (struct pico_kernel){
		.os = "netbsd",
		.capabilities = PICO_CAN_SPAWNED | CAN_STEP,
		.decode = pico_netbsd_decode,
		.lwp_of = pico_netbsd_lwp_of,
		.result_of = pico_netbsd_result_of,
		.wait = pico_netbsd_wait,
		.missed = pico_netbsd_missed,
		.answer = netbsd_answer,
		.resume = netbsd_resume,
		.spawn = pico_netbsd_spawn,
		.alone = pico_netbsd_alone,
		.attach = pico_netbsd_attach,
		.detach = pico_netbsd_detach,
		.interrupt = pico_netbsd_interrupt,
		.kill = netbsd_kill,
		.refusal = pico_netbsd_refusal,
		.children = pico_netbsd_children,
		.family = pico_netbsd_family,
		.program = pico_netbsd_program,
		.image = pico_netbsd_image,
		.read = pico_netbsd_read,
		.write = pico_netbsd_write,
		.send = netbsd_send,
		.step_too = netbsd_step_too,
		.dump_core = pico_netbsd_dump_core,
		.set_siginfo = pico_netbsd_set_siginfo,
		/* Others would be taken for those of a machine that has as many: ARM's 17 for those of Linux's i386. */
		.get_regs = ELF_MACHINE != EM_NONE ? pico_netbsd_get_regs : NULL,
		.set_regs = ELF_MACHINE != EM_NONE ? pico_netbsd_set_regs : NULL,
		.alter = pico_netbsd_alter,
		.tick = pico_netbsd_tick,
		.close = netbsd_close,
	};
	pico_netbsd_register(k);
	*error = pico_netbsd_wait_open(k);
	if (*error < 0) {
		netbsd_close(&k->ops);
		return NULL;
	}
	return &k->ops;
}
