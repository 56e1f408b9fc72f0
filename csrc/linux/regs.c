/*
 * Registers as PTRACE_GETREGSET gives them (NT_PRSTATUS), and the call that is in them.
 *
 * Pure. The layouts are those of struct user_regs_struct (sys/user.h), of its 32-bit form, which a
 * 64-bit tracer gets of a 32-bit program, and of struct user_pt_regs (arm64's asm/ptrace.h).
 */
#include <string.h>

#include "abi.h"
#include "regs.h"

enum {
	X86_64_SIZE = 27 * 8, X86_64_R10 = 7, X86_64_R9 = 8, X86_64_R8 = 9, X86_64_RAX = 10,
	X86_64_RDX = 12, X86_64_RSI = 13, X86_64_RDI = 14, X86_64_ORIG_RAX = 15, X86_64_CS = 17,
	I386_SIZE = 17 * 4, I386_EAX = 6, I386_ORIG_EAX = 11,
	AARCH64_SIZE = 34 * 8, AARCH64_X8 = 8,
	CS_OF_32_BIT_CODE = 0x23	/* __USER32_CS: the LWP runs 32-bit code just now */
};

static uint64_t
word64(const struct pico_raw *raw, int index)
{
	uint64_t v;
	memcpy(&v, raw->regs + (size_t)index * sizeof(v), sizeof(v));
	return v;
}

static uint32_t
word32(const struct pico_raw *raw, int index)
{
	uint32_t v;
	memcpy(&v, raw->regs + (size_t)index * sizeof(v), sizeof(v));
	return v;
}

static void
x86_64(const struct pico_raw *raw, struct pico_call *call)
{
	static const int args[6] = {
		X86_64_RDI, X86_64_RSI, X86_64_RDX, X86_64_R10, X86_64_R8, X86_64_R9
	};

	call->arch = word64(raw, X86_64_CS) == CS_OF_32_BIT_CODE ? LINUX_ARCH_I386 : LINUX_ARCH_X86_64;
	/* The number outlives the call here; rax has it no more. */
	call->sysnum = (int32_t)word64(raw, X86_64_ORIG_RAX);
	call->result = (int64_t)word64(raw, X86_64_RAX);
	for (int i = 0; i < 6; i++)
		call->args[i] = word64(raw, args[i]);
}

/* ebx, ecx, edx, esi, edi, ebp: the arguments, in that order. */
static void
i386(const struct pico_raw *raw, struct pico_call *call)
{
	call->arch = LINUX_ARCH_I386;
	call->sysnum = (int32_t)word32(raw, I386_ORIG_EAX);
	call->result = (int32_t)word32(raw, I386_EAX);
	for (int i = 0; i < 6; i++)
		call->args[i] = word32(raw, i);
}

/* At the exit x0 has the result, and what it had as first argument is gone. */
static void
aarch64(const struct pico_raw *raw, struct pico_call *call)
{
	call->arch = LINUX_ARCH_AARCH64;
	call->sysnum = (int32_t)word64(raw, AARCH64_X8);
	call->result = (int64_t)word64(raw, 0);
	for (int i = 0; i < 6; i++)
		call->args[i] = word64(raw, i);
}

void
pico_linux_call_of(const struct pico_raw *raw, struct pico_call *call)
{
	memset(call, 0, sizeof(*call));
	call->sysnum = -1;
	if (raw->machine == LINUX_EM_X86_64 && raw->regs_size == X86_64_SIZE)
		x86_64(raw, call);
	else if (raw->machine == LINUX_EM_X86_64 && raw->regs_size == I386_SIZE)
		i386(raw, call);
	else if (raw->machine == LINUX_EM_AARCH64 && raw->regs_size == AARCH64_SIZE)
		aarch64(raw, call);
}
