/*
 * A stopped LWP's registers, its siginfo, and the call that it stands in.
 *
 * A call is changed by its registers, which the kernel reads after the SCE; it is answered by PT_SYSCALLEMU, which
 * has the kernel leave it out, and no SCX follows. Its number is read before, and cannot be changed;
 * nor can its result at the SCX, for that is written to the registers later than that.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <machine/reg.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "../core/bytes.h"
#include "abi.h"
#include "netbsd_kernel.h"
#include "regs.h"

/* The registers of an LWP in a call that was changed, as the program has them. */
struct netbsd_altered {
	int32_t pid, lwp;
	struct pico_raw before;
};

int64_t
pico_netbsd_get_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, void *regs, size_t size)
{
	struct reg all;

	(void)k;
	if (size < sizeof(all))
		return -EINVAL;
	if (ptrace(PT_GETREGS, pid, &all, lwp) < 0)
		return pico_netbsd_error();
	memcpy(regs, &all, sizeof(all));
	return (int64_t)sizeof(all);
}

int
pico_netbsd_set_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, const void *regs, size_t size)
{
	struct reg all;

	(void)k;
	if (size != sizeof(all))
		return -EINVAL;
	memcpy(&all, regs, sizeof(all));
	return ptrace(PT_SETREGS, pid, &all, lwp) < 0 ? pico_netbsd_error() : 0;
}

int
pico_netbsd_read_regs(int32_t pid, int32_t lwp, struct pico_raw *raw)
{
	int64_t size = pico_netbsd_get_regs(NULL, pid, lwp, raw->regs, sizeof(raw->regs));

	if (size < 0)
		return (int)size;
	raw->machine = pico_netbsd_machine();
	raw->regs_size = (uint32_t)size;
	return 0;
}

static int
write_regs(int32_t pid, int32_t lwp, const struct pico_raw *raw)
{
	return pico_netbsd_set_regs(NULL, pid, lwp, raw->regs, raw->regs_size);
}

static struct netbsd_altered *
find(const struct netbsd_kernel *k, int32_t pid, int32_t lwp)
{
	for (uint32_t i = 0; i < k->altered_count; i++)
		if (k->altered[i].pid == pid && k->altered[i].lwp == lwp)
			return &k->altered[i];
	return NULL;
}

/* An LWP of which nothing is known yet; what is, stays: that is what the program has. */
static int
remember(struct netbsd_kernel *k, int32_t pid, int32_t lwp, const struct pico_raw *before)
{
	if (find(k, pid, lwp) != NULL)
		return 0;
	struct netbsd_altered *more = realloc(k->altered, (k->altered_count + 1) * sizeof(*more));
	if (more == NULL)
		return -ENOMEM;
	k->altered = more;
	more[k->altered_count++] = (struct netbsd_altered){ pid, lwp, *before };
	return 0;
}

void
pico_netbsd_altered_forget(struct netbsd_kernel *k, int32_t pid)
{
	for (uint32_t i = k->altered_count; i-- > 0;)
		if (k->altered[i].pid == pid)
			k->altered[i] = k->altered[--k->altered_count];
}

/* Whether only such arguments differ as are in registers. */
static int
reaches(int32_t pid, const struct pico_event *call)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];
	int e = pico_netbsd_siginfo(pid, siginfo);

	for (int i = PICO_NETBSD_AMD64_ARGS; e == 0 && i < call->nargs; i++)
		if (pico_u64(siginfo + NETBSD_PSI_ARGS + 8 * i) != call->args[i])
			e = -EOPNOTSUPP;
	return e;
}

static int
set_args(struct netbsd_kernel *k, int32_t pid, int32_t lwp, struct pico_raw *raw, const struct pico_event *call)
{
	const struct pico_raw before = *raw;
	int e = pico_netbsd_regs_alter(raw, call, PICO_ALTER_ARGS);

	if (e == 0)
		e = reaches(pid, call);
	if (e == 0)
		e = remember(k, pid, lwp, &before);
	return e == 0 ? write_regs(pid, lwp, raw) : e;
}

static int
put_back(struct netbsd_kernel *k, int32_t pid, int32_t lwp, struct pico_raw *raw)
{
	struct netbsd_altered *altered = find(k, pid, lwp);

	if (altered == NULL)
		return 0;	/* it was an execve, and the registers are another program's */
	pico_netbsd_regs_put_back(raw, &altered->before);
	*altered = k->altered[--k->altered_count];
	return write_regs(pid, lwp, raw);
}

static int
answer(struct netbsd_tracee *t, int32_t lwp, struct pico_raw *raw, const struct pico_event *call)
{
	int e = pico_netbsd_regs_alter(raw, call, PICO_ALTER_ANSWER);

	if (e < 0)
		return e;
	if (ptrace(PT_SYSCALLEMU, t->pid, NULL, 0) < 0)
		return pico_netbsd_error();
	t->answered = 1;
	return write_regs(t->pid, lwp, raw);
}

int
pico_netbsd_alter(struct pico_kernel *kernel, int32_t pid, int32_t lwp, const struct pico_event *call, int what)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);
	struct pico_raw raw = { .id = pid };

	if (t == NULL)
		return -ESRCH;
	raw.narrow = t->narrow;
	/* Of a 32-bit program's they are on its stack, and were read before (10.99.12: netbsd32_syscall()); and others
	 * have an error of another form. */
	if ((t->narrow && what & PICO_ALTER_ARGS) || (t->foreign && what != 0))
		return -EOPNOTSUPP;
	int e = pico_netbsd_read_regs(pid, lwp, &raw);
	if (e < 0)
		return e;
	switch (what) {
	case 0:
		return put_back(k, pid, lwp, &raw);
	case PICO_ALTER_ARGS:
		return set_args(k, pid, lwp, &raw, call);
	case PICO_ALTER_RESULT:
		/* Of a call that was answered, before it goes on: there is another answer. */
		return t->answered ? answer(t, lwp, &raw, call) : -EOPNOTSUPP;
	case PICO_ALTER_ANSWER:
		return answer(t, lwp, &raw, call);
	default:
		return -EOPNOTSUPP;
	}
}

int
pico_netbsd_set_siginfo(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *ev)
{
	struct ptrace_siginfo psi;
	siginfo_t *si = &psi.psi_siginfo;

	(void)k, (void)lwp;
	if (ptrace(PT_GET_SIGINFO, pid, &psi, sizeof(psi)) < 0)
		return pico_netbsd_error();
	si->si_signo = ev->signo;
	si->si_code = ev->code;
	si->si_errno = ev->sig_errno;
	if (ev->flags & PICO_HAS_ADDR) {
		si->si_addr = (void *)(uintptr_t)ev->addr;
	} else {
		if (ev->flags & PICO_HAS_SENDER) {
			si->si_pid = ev->sender;
			si->si_uid = ev->uid;
		}
		if (ev->signo == SIGCHLD && ev->code > 0)
			si->si_status = ev->status;
		else if (ev->code < 0)
			si->si_value.sival_ptr = (void *)(uintptr_t)ev->value;
	}
	return ptrace(PT_SET_SIGINFO, pid, &psi, sizeof(psi)) < 0 ? pico_netbsd_error() : 0;
}
