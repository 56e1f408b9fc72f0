/*
 * A record as siginfo_t. Pure: it never asks the kernel.
 */
#include <string.h>

#include "abi.h"
#include "encode.h"

static void
put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

static void
put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

void
pico_linux_siginfo(const struct pico_event *ev, uint8_t *si, size_t size)
{
	/* All that is not set is 0: the kernel refuses what it does not know (post_copy_siginfo_from_user). */
	memset(si, 0, size);
	put32(si + LINUX_SI_SIGNO, (uint32_t)ev->signo);
	put32(si + LINUX_SI_ERRNO, (uint32_t)ev->sig_errno);
	put32(si + LINUX_SI_CODE, (uint32_t)ev->code);
	if (ev->flags & PICO_HAS_ADDR) {
		put64(si + LINUX_SI_ADDR, ev->addr);
		return;
	}
	if (ev->flags & PICO_HAS_SENDER) {
		put32(si + LINUX_SI_PID, (uint32_t)ev->sender);
		put32(si + LINUX_SI_UID, ev->uid);
	}
	if (ev->signo == LINUX_SIGCHLD && ev->code > 0)
		put32(si + LINUX_SI_STATUS, (uint32_t)ev->status);
	else if (ev->code < 0)
		put64(si + LINUX_SI_VALUE, ev->value);
}
