/*
 * NetBSD's registers: what struct reg says of a call's result on each machine, and how a call is changed by
 * it. Pure.
 */
#include <errno.h>
#include <string.h>

#include "../core/bytes.h"
#include "abi.h"
#include "decode.h"
#include "regs.h"

/* Where the arguments of a call are that the kernel reads from the trap frame when the tracer has seen its
 * SCE (tried on amd64). Those beyond are on the program's stack, and were read before. */
static const int amd64_args[PICO_NETBSD_AMD64_ARGS] = {
	NETBSD_AMD64_RDI, NETBSD_AMD64_RSI, NETBSD_AMD64_RDX, NETBSD_AMD64_R10, NETBSD_AMD64_R8, NETBSD_AMD64_R9
};

enum { AMD64_CARRY = 1 };	/* PSL_C: the call has failed */

static uint64_t
word(const struct pico_raw *raw, int index)
{
	return pico_u64(raw->regs + 8 * index);
}

static void
set_word(struct pico_raw *raw, int index, uint64_t v)
{
	memcpy(raw->regs + (size_t)index * sizeof(v), &v, sizeof(v));
}

static uint32_t
half_word(const struct pico_raw *raw, int index)
{
	return pico_u32(raw->regs + 4 * index);
}

int
pico_netbsd_result_of(const struct pico_raw *raw, struct pico_event *ev)
{
	switch (raw->machine) {
	case NETBSD_EM_X86_64:
		ev->retval[0] = word(raw, NETBSD_AMD64_RAX);
		ev->retval[1] = word(raw, NETBSD_AMD64_RDX);
		return 0;
	case NETBSD_EM_AARCH64:
		ev->retval[0] = word(raw, NETBSD_AARCH64_X0);
		ev->retval[1] = word(raw, NETBSD_AARCH64_X1);
		return 0;
	case NETBSD_EM_386:
		ev->retval[0] = half_word(raw, NETBSD_I386_EAX);
		ev->retval[1] = half_word(raw, NETBSD_I386_EDX);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

uint64_t
pico_netbsd_pc_of(const struct pico_raw *raw)
{
	switch (raw->machine) {
	case NETBSD_EM_X86_64:
		return word(raw, NETBSD_AMD64_RIP);
	case NETBSD_EM_AARCH64:
		return word(raw, NETBSD_AARCH64_PC);
	case NETBSD_EM_386:
		return half_word(raw, NETBSD_I386_EIP);
	default:
		return 0;
	}
}

uint64_t
pico_netbsd_sp_of(const struct pico_raw *raw)
{
	switch (raw->machine) {
	case NETBSD_EM_X86_64:
		return word(raw, NETBSD_AMD64_RSP);
	case NETBSD_EM_AARCH64:
		return word(raw, NETBSD_AARCH64_SP);
	case NETBSD_EM_386:
		return half_word(raw, NETBSD_I386_ESP);
	default:
		return 0;
	}
}

int
pico_netbsd_regs_alter(struct pico_raw *raw, const struct pico_event *call, int what)
{
	if (raw->machine != NETBSD_EM_X86_64)
		return -EOPNOTSUPP;
	if (what == PICO_ALTER_ARGS) {
		for (int i = 0; i < PICO_NETBSD_AMD64_ARGS && i < call->nargs; i++)
			set_word(raw, amd64_args[i], call->args[i]);
		return 0;
	}
	uint64_t flags = word(raw, NETBSD_AMD64_RFLAGS) & ~(uint64_t)AMD64_CARRY;
	set_word(raw, NETBSD_AMD64_RAX, call->error != 0 ? (uint64_t)call->error : call->retval[0]);
	if (raw->narrow && call->error == 0)
		set_word(raw, NETBSD_AMD64_RDX, call->retval[0] >> 32);	/* the upper half, of what has one */
	set_word(raw, NETBSD_AMD64_RFLAGS, call->error != 0 ? flags | AMD64_CARRY : flags);
	return 0;
}

void
pico_netbsd_regs_put_back(struct pico_raw *raw, const struct pico_raw *before)
{
	for (int i = 0; i < PICO_NETBSD_AMD64_ARGS && raw->machine == NETBSD_EM_X86_64; i++)
		set_word(raw, amd64_args[i], word(before, amd64_args[i]));
}
