/*
 * A stopped LWP's registers, by PTRACE_GETREGSET and PTRACE_SETREGSET, and the call that is in them.
 *
 * To the program, a call leaves all registers as they are but for its result (and what the instruction
 * itself takes). So those that had other arguments for the kernel get back, at the exit, what they had;
 * also for a call that is restarted, which then enters as the program made it.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "linux_kernel.h"
#include "regs.h"

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404	/* linux/elf.h */
#endif

/* The registers of an LWP in a call that was changed. */
struct linux_altered {
	int32_t lwp;
	int abi;
	struct pico_raw before, changed;
};

int64_t
pico_linux_get_regset(struct pico_kernel *k, int32_t pid, int32_t lwp, uint32_t set, void *regs, size_t size)
{
	struct iovec io = { regs, size };

	(void)k;
	(void)pid;
	return ptrace(PTRACE_GETREGSET, lwp, (uintptr_t)set, &io) < 0 ? -errno : (int64_t)io.iov_len;
}

int64_t
pico_linux_get_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, void *regs, size_t size)
{
	return pico_linux_get_regset(k, pid, lwp, NT_PRSTATUS, regs, size);
}

int
pico_linux_set_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, const void *regs, size_t size)
{
	struct iovec io = { (void *)(uintptr_t)regs, size };

	(void)k;
	(void)pid;
	return ptrace(PTRACE_SETREGSET, lwp, NT_PRSTATUS, &io) < 0 ? -errno : 0;
}

static struct linux_altered *
find(const struct linux_kernel *k, int32_t lwp)
{
	for (uint32_t i = 0; i < k->altered_count; i++)
		if (k->altered[i].lwp == lwp)
			return &k->altered[i];
	return NULL;
}

static void
forget(struct linux_kernel *k, struct linux_altered *altered)
{
	if (altered != NULL)
		*altered = k->altered[--k->altered_count];
}

/* The entry of an LWP, a new one with these registers as what was before; NULL: no memory. */
static struct linux_altered *
remember(struct linux_kernel *k, int32_t lwp, const struct pico_raw *before)
{
	struct linux_altered *altered = find(k, lwp);

	if (altered != NULL)
		return altered;
	altered = realloc(k->altered, (k->altered_count + 1) * sizeof(*altered));
	if (altered == NULL)
		return NULL;
	k->altered = altered;
	altered += k->altered_count++;
	altered->lwp = lwp;
	altered->before = altered->changed = *before;
	return altered;
}

/* It has ended, or is another program's: what its registers had is of no use any more. */
void
pico_linux_altered_stopped(struct linux_kernel *k, int32_t lwp, int32_t status)
{
	unsigned long old;

	if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) {
		if (ptrace(PTRACE_GETEVENTMSG, lwp, NULL, &old) == 0)
			forget(k, find(k, (int32_t)old));
	} else if (WIFSTOPPED(status)) {
		return;
	}
	forget(k, find(k, lwp));
}

static int
set(const struct pico_raw *raw, const struct pico_event *call, int what)
{
	int32_t number;
	struct iovec io = { &number, sizeof(number) };

	if (pico_linux_number_apart(raw, call, what, &number) &&
	    ptrace(PTRACE_SETREGSET, raw->id, NT_ARM_SYSTEM_CALL, &io) < 0)
		return -errno;
	return pico_linux_set_regs(NULL, 0, raw->id, raw->regs, raw->regs_size);
}

static int
at_entry(struct linux_kernel *k, struct pico_raw *raw, const struct pico_event *call, int what)
{
	struct linux_altered *altered = NULL;
	int first = find(k, raw->id) == NULL;

	if (what != PICO_ALTER_ANSWER) {
		altered = remember(k, raw->id, raw);
		if (altered == NULL)
			return -ENOMEM;
	}
	int e = pico_linux_regs_alter(raw, call, what);
	if (e == 0)
		e = set(raw, call, what);
	if (e == 0 && altered != NULL) {
		altered->abi = call->abi;
		altered->changed = *raw;
	}
	/* What nothing was changed of would be put back at the exit of another call, which is. */
	if (e < 0 && first)
		forget(k, altered);
	return e < 0 ? e : what == PICO_ALTER_ANSWER;
}

static int
at_exit(struct linux_kernel *k, struct pico_raw *raw, const struct pico_event *call, int what)
{
	struct linux_altered *altered = find(k, raw->id);

	if (altered != NULL) {
		pico_linux_regs_put_back(raw, &altered->before, &altered->changed, altered->abi);
		forget(k, altered);
	} else if (what == 0) {
		return 0;	/* it was an execve, and the registers are another program's */
	}
	int e = pico_linux_regs_alter(raw, call, what);
	return e < 0 ? e : set(raw, call, what);
}

int
pico_linux_alter(struct pico_kernel *kernel, int32_t pid, int32_t lwp, const struct pico_event *call, int what)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	struct pico_raw raw = { .id = lwp };

	(void)pid;
	int e = pico_linux_answer_regs(&raw);
	if (e < 0)
		return e;
	if (what == 0 || what == PICO_ALTER_RESULT)
		return at_exit(k, &raw, call, what);
	return at_entry(k, &raw, call, what);
}

static int
has_handler(int32_t lwp, int signo)
{
	uint64_t caught;

	return signo != 0 && pico_linux_status_mask(lwp, "SigCgt", &caught) == 0 && (caught >> (signo - 1) & 1) != 0;
}

int
pico_linux_at_call(int32_t lwp, int signo)
{
	struct pico_raw raw = { .id = lwp };
	uint8_t code[4] = { 0 };

	if (has_handler(lwp, signo) || pico_linux_answer_regs(&raw) < 0)
		return 0;	/* killed */
	if (pico_linux_is_restarted(&raw))
		return 1;
	/* Two bytes may be all there is before the end of a mapping. */
	int64_t n = pico_linux_read(NULL, 0, lwp, pico_linux_pc_of(&raw), code, sizeof(code));
	return n > 0 && pico_linux_is_call(raw.machine, code);
}
