/*
 * Children that are made with CLONE_UNTRACED. One that has our filter must not be without a tracer: the calls that
 * are chosen would fail. So the flag is taken away before the call, and put back after it.
 */
#define _GNU_SOURCE
#include <errno.h>

#include "abi.h"
#include "calls.h"
#include "linux_kernel.h"

/* clone(2) has its flags in the first argument. The registers get them back as those of any call that was changed. */
static int
by_clone(struct pico_kernel *kernel, int32_t pid, int32_t lwp, const struct pico_event *call, int over)
{
	struct pico_event traced = { .abi = call->abi, .sysnum = call->sysnum, .nargs = 1 };

	if (over || !(call->args[0] & LINUX_CLONE_UNTRACED))
		return 0;
	traced.args[0] = call->args[0] & ~(uint64_t)LINUX_CLONE_UNTRACED;
	int e = pico_linux_alter(kernel, pid, lwp, &traced, PICO_ALTER_ARGS);
	return e < 0 ? e : 1;
}

/* clone3(2) has them in memory, where its first argument points to. */
static int
by_clone3(struct pico_kernel *kernel, int32_t pid, int32_t lwp, const struct pico_event *call, int over)
{
	uint64_t flags, at = call->args[0];

	if (pico_linux_read(kernel, pid, lwp, at, &flags, sizeof(flags)) != (int64_t)sizeof(flags))
		return 0;	/* as it is for the kernel, which is going to say so */
	if (!over && !(flags & LINUX_CLONE_UNTRACED))
		return 0;
	flags = over ? flags | LINUX_CLONE_UNTRACED : flags & ~(uint64_t)LINUX_CLONE_UNTRACED;
	int64_t n = pico_linux_write(kernel, pid, lwp, at, &flags, sizeof(flags));
	return n < 0 ? (int)n : !over;
}

int
pico_linux_keep_child(struct pico_kernel *kernel, int32_t pid, int32_t lwp, const struct pico_event *call, int over)
{
	if (pico_linux_is(call, LINUX_CLONE))
		return by_clone(kernel, pid, lwp, call, over);
	if (pico_linux_is(call, LINUX_CLONE3))
		return by_clone3(kernel, pid, lwp, call, over);
	return 0;
}
