/*
 * The calls that the tracer itself has to know, by ABI.
 */
#include "abi.h"
#include "calls.h"

static const int32_t numbers[LINUX_CALLS][PICO_ABIS] = {
#define CALL(x86_64, i386, aarch64, arm) {					\
	[PICO_ABI_UNKNOWN] = -1, [PICO_ABI_NETBSD] = -1, [PICO_ABI_NETBSD32] = -1,	\
	[PICO_ABI_LINUX_X86_64] = (x86_64), [PICO_ABI_LINUX_X32] = (x86_64) | LINUX_X32_BIT,	\
	[PICO_ABI_LINUX_I386] = (i386), [PICO_ABI_LINUX_AARCH64] = (aarch64), [PICO_ABI_LINUX_ARM] = (arm) }
	[LINUX_EXIT] = CALL(60, 1, 93, 1),
	[LINUX_FORK] = CALL(57, 2, -1, 2),
	[LINUX_VFORK] = CALL(58, 190, -1, 190),
	[LINUX_CLONE] = CALL(56, 120, 220, 120),
	[LINUX_CLONE3] = CALL(435, 435, 435, 435),
	[LINUX_PRCTL] = CALL(157, 172, 167, 172),
	[LINUX_SECCOMP] = CALL(317, 354, 277, 383),
	[LINUX_SCHED_SETAFFINITY] = CALL(203, 241, 122, 241),
	[LINUX_SCHED_GETAFFINITY] = CALL(204, 242, 123, 242),
	[LINUX_GETCPU] = CALL(309, 318, 168, 345),
#undef CALL
};

int
pico_linux_is(const struct pico_event *call, enum linux_call which)
{
	return call->abi < PICO_ABIS && numbers[which][call->abi] == call->sysnum && call->sysnum >= 0;
}

int
pico_linux_makes_another(const struct pico_event *call)
{
	return pico_linux_is(call, LINUX_FORK) || pico_linux_is(call, LINUX_VFORK) ||
	    pico_linux_is(call, LINUX_CLONE) || pico_linux_is(call, LINUX_CLONE3);
}

int
pico_linux_confines(const struct pico_event *call)
{
	if (pico_linux_is(call, LINUX_SECCOMP))
		return (uint32_t)call->args[0] <= LINUX_SECCOMP_SET_MODE_FILTER;
	return pico_linux_is(call, LINUX_PRCTL) && (uint32_t)call->args[0] == LINUX_PR_SET_SECCOMP;
}
