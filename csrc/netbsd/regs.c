/*
 * NetBSD's registers, decoded: what struct reg says of a call's result on each machine. Pure.
 */
#include <errno.h>
#include <string.h>

#include "abi.h"
#include "decode.h"

static uint64_t
word(const struct pico_raw *raw, int index)
{
	uint64_t v;
	memcpy(&v, raw->regs + (size_t)index * sizeof(v), sizeof(v));
	return v;
}

static uint32_t
half_word(const struct pico_raw *raw, int index)
{
	uint32_t v;
	memcpy(&v, raw->regs + (size_t)index * sizeof(v), sizeof(v));
	return v;
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
