/*
 * Registers as PTRACE_GETREGSET gives them (NT_PRSTATUS), and the call that is in them.
 *
 * Pure. The layouts are those of struct user_regs_struct (sys/user.h), of its 32-bit form, which a
 * 64-bit tracer gets of a 32-bit program, and of struct user_pt_regs (arm64's asm/ptrace.h).
 */
#include <errno.h>
#include <string.h>

#include "abi.h"
#include "regs.h"

enum { ARGS = 6, ERRORS = 4095 };	/* a result from -ERRORS to -1 is an error */
enum { CS_PLACE = 17, CS_OF_32_BIT_CODE = 0x23 };	/* __USER32_CS: the LWP runs 32-bit code just now */

struct layout {
	uint32_t machine, size, arch;
	int width;		/* of a register, in bytes */
	int call_width;		/* of what a call takes and gives */
	int number, result, pc;	/* places, in registers */
	int args[ARGS];
};

static const struct layout layouts[] = {
	/* rdi rsi rdx r10 r8 r9 */
	{ LINUX_EM_X86_64, 27 * 8, LINUX_ARCH_X86_64, 8, 8, 15, 10, 16, { 14, 13, 12, 7, 9, 8 } },
	/* int 0x80 in 64-bit code: rbx rcx rdx rsi rdi rbp */
	{ LINUX_EM_X86_64, 27 * 8, LINUX_ARCH_I386, 8, 4, 15, 10, 16, { 5, 11, 12, 13, 14, 4 } },
	/* ebx ecx edx esi edi ebp */
	{ LINUX_EM_X86_64, 17 * 4, LINUX_ARCH_I386, 4, 4, 11, 6, 12, { 0, 1, 2, 3, 4, 5 } },
	/* At the exit x0 has the result. The kernel takes the number from x8 only before the entry. */
	{ LINUX_EM_AARCH64, 34 * 8, LINUX_ARCH_AARCH64, 8, 8, 8, 0, 32, { 0, 1, 2, 3, 4, 5 } },
};

/* `arch` 0: any. */
static const struct layout *
layout_of(const struct pico_raw *raw, uint32_t arch)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *l = &layouts[i];
		if (l->machine == raw->machine && l->size == raw->regs_size && (arch == 0 || l->arch == arch))
			return l;
	}
	return NULL;
}

static const struct layout *
layout_of_abi(const struct pico_raw *raw, int abi)
{
	switch (abi) {
	case PICO_ABI_LINUX_X86_64:
	case PICO_ABI_LINUX_X32:
		return layout_of(raw, LINUX_ARCH_X86_64);
	case PICO_ABI_LINUX_I386:
		return layout_of(raw, LINUX_ARCH_I386);
	case PICO_ABI_LINUX_AARCH64:
		return layout_of(raw, LINUX_ARCH_AARCH64);
	default:
		return NULL;
	}
}

static uint64_t
get(const struct pico_raw *raw, const struct layout *l, int place)
{
	uint64_t v64;
	uint32_t v32;

	if (l->width == 4) {
		memcpy(&v32, raw->regs + (size_t)place * 4, sizeof(v32));
		return v32;
	}
	memcpy(&v64, raw->regs + (size_t)place * 8, sizeof(v64));
	return v64;
}

static void
put(struct pico_raw *raw, const struct layout *l, int place, uint64_t v64)
{
	uint32_t v32 = (uint32_t)v64;

	if (l->width == 4)
		memcpy(raw->regs + (size_t)place * 4, &v32, sizeof(v32));
	else
		memcpy(raw->regs + (size_t)place * 8, &v64, sizeof(v64));
}

void
pico_linux_call_of(const struct pico_raw *raw, uint32_t arch, struct pico_call *call)
{
	const struct layout *l = layout_of(raw, arch);

	memset(call, 0, sizeof(*call));
	call->sysnum = -1;
	if (l == NULL)
		l = layout_of(raw, 0);
	if (l == NULL)
		return;
	call->arch = l->arch;
	if (l->arch == LINUX_ARCH_X86_64 && get(raw, l, CS_PLACE) == CS_OF_32_BIT_CODE)
		call->arch = LINUX_ARCH_I386;
	/* On x86 the number outlives the call in a place of its own; rax has it no more. */
	call->sysnum = (int32_t)get(raw, l, l->number);
	call->result = l->width == 4 ? (int32_t)get(raw, l, l->result) : (int64_t)get(raw, l, l->result);
	for (int i = 0; i < ARGS; i++)
		call->args[i] = get(raw, l, l->args[i]);
}

uint64_t
pico_linux_pc_of(const struct pico_raw *raw)
{
	const struct layout *l = layout_of(raw, 0);
	return l != NULL ? get(raw, l, l->pc) : 0;
}

/* On x86 (arch_do_signal_or_restart). On arm64 the program counter is back at it already where a signal stops it (its
 * do_signal), and any program may have such a value where the result is. */
int
pico_linux_is_restarted(const struct pico_raw *raw)
{
	struct pico_call call;

	pico_linux_call_of(raw, 0, &call);
	return raw->machine == LINUX_EM_X86_64 && call.sysnum != -1 && -call.result >= LINUX_ERESTARTSYS &&
	    -call.result <= LINUX_ERESTART_RESTARTBLOCK;
}

int
pico_linux_is_call(uint32_t machine, const uint8_t *code)
{
	uint32_t word;

	memcpy(&word, code, sizeof(word));
	if (machine == LINUX_EM_AARCH64)
		return (word & 0xffe0001fu) == 0xd4000001u;	/* svc */
	/* syscall, sysenter, int 0x80 */
	return (word & 0xffff) == 0x050f || (word & 0xffff) == 0x340f || (word & 0xffff) == 0x80cd;
}

int
pico_linux_makes_call(int abi, const uint8_t *code)
{
	switch (abi) {
	case PICO_ABI_LINUX_X86_64:
	case PICO_ABI_LINUX_X32:
		return code[0] == 0x0f && code[1] == 0x05;	/* syscall */
	case PICO_ABI_LINUX_I386:
		return code[0] == 0xcd && code[1] == 0x80;	/* int 0x80 */
	default:
		return 0;
	}
}

static int
fits(uint64_t value, int width)
{
	return width == 8 || value <= UINT32_MAX;
}

/* What a call gives back, as the kernel writes it. */
static int
result_of(const struct pico_event *call, int width, uint64_t *result)
{
	uint64_t errors = width == 4 ? UINT32_MAX - ERRORS + 1 : UINT64_MAX - ERRORS + 1;

	if (call->error < 0 || call->error > ERRORS)
		return -EINVAL;
	*result = call->error != 0 ? -(uint64_t)call->error : call->retval[0];
	if (call->error == 0 && (!fits(*result, width) || *result >= errors))
		return -EINVAL;
	return 0;
}

/* No call, no restart: with a number of -1 the kernel neither executes a call at its entry, nor, at its exit,
 * takes its result for a wish to be restarted (arch/x86/kernel/signal.c, arch/arm64/kernel/signal.c). A
 * result that is there at the entry stays there (do_syscall_64, do_int80_emulation, el0_svc_common): should
 * the LWP be let go before the exit, it has it. */
enum { NO_CALL = -1 };

int
pico_linux_regs_alter(struct pico_raw *raw, const struct pico_event *call, int what)
{
	const struct layout *l = layout_of_abi(raw, call->abi);
	struct pico_raw changed = *raw;
	uint64_t result = 0;

	if (l == NULL)
		return -EOPNOTSUPP;
	int given = what & (PICO_ALTER_ANSWER | PICO_ALTER_RESULT);
	int apart = l->machine == LINUX_EM_AARCH64;
	if (given && result_of(call, l->call_width, &result) < 0)
		return -EINVAL;
	for (int i = 0; what & PICO_ALTER_ARGS && i < call->nargs && i < ARGS; i++) {
		if (!fits(call->args[i], l->call_width))
			return -EINVAL;
		put(&changed, l, l->args[i], call->args[i]);
	}
	if (given)
		put(&changed, l, l->result, result);
	if (!apart && (given || what & PICO_ALTER_NUMBER))
		put(&changed, l, l->number, (uint64_t)(int64_t)(given ? NO_CALL : call->sysnum));
	*raw = changed;
	return 0;
}

int
pico_linux_number_apart(const struct pico_raw *raw, const struct pico_event *call, int what, int32_t *number)
{
	if (raw->machine != LINUX_EM_AARCH64)
		return 0;
	*number = what & (PICO_ALTER_ANSWER | PICO_ALTER_RESULT) ? NO_CALL : call->sysnum;
	return what != 0 && what != PICO_ALTER_ARGS;
}

void
pico_linux_regs_put_back(struct pico_raw *now, const struct pico_raw *before, const struct pico_raw *changed,
    int abi)
{
	const struct layout *l = layout_of_abi(now, abi);

	/* Another size: the program is another. */
	if (l == NULL || before->regs_size != now->regs_size || changed->regs_size != now->regs_size)
		return;
	for (int i = 0; i <= ARGS; i++) {
		int place = i < ARGS ? l->args[i] : l->number;
		if (place != l->result && get(now, l, place) == get(changed, l, place))
			put(now, l, place, get(before, l, place));
	}
}

int
pico_linux_regs_put_pc(struct pico_raw *raw, int abi, uint64_t pc)
{
	const struct layout *l = layout_of_abi(raw, abi);

	if (l == NULL || l->machine == LINUX_EM_AARCH64)
		return -EOPNOTSUPP;
	put(raw, l, l->pc, pc);
	return 0;
}

int
pico_linux_regs_again(struct pico_raw *raw, int abi, uint64_t at)
{
	const struct layout *l = layout_of_abi(raw, abi);
	int e = pico_linux_regs_put_pc(raw, abi, at);

	if (e < 0)
		return e;
	put(raw, l, l->result, get(raw, l, l->number));
	put(raw, l, l->number, (uint64_t)(int64_t)NO_CALL);	/* nothing is restarted on the way there */
	return 0;
}

void
pico_linux_regs_result(const struct pico_raw *raw, struct pico_event *call)
{
	const struct layout *l = layout_of_abi(raw, call->abi);
	uint64_t result = get(raw, l, l->result);
	int64_t value = l->call_width == 4 ? (int32_t)result : (int64_t)result;

	call->error = value < 0 && value >= -ERRORS ? (int32_t)-value : 0;
	call->retval[0] = call->error != 0 ? 0 : l->call_width == 4 ? (uint32_t)result : result;
}

void
pico_linux_regs_keep_bases(struct pico_raw *raw, const struct pico_raw *now)
{
	enum { FS_BASE = 21, LAST = 26 };	/* fs_base gs_base ds es fs gs, of x86-64 alone */

	if (raw->regs_size == (LAST + 1) * 8 && now->regs_size == raw->regs_size)
		memcpy(raw->regs + FS_BASE * 8, now->regs + FS_BASE * 8, (LAST + 1 - FS_BASE) * 8);
}
