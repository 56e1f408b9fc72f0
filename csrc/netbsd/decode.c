/*
 * NetBSD's stops, decoded. Pure: it never asks the kernel, it names what it lacks.
 *
 * So far the ends alone: how a process ended is in the wait status. The stops need siginfo, which
 * nothing provides yet; they are reported as nothing rather than guessed at.
 */
#include <string.h>

#include "decode.h"

int
pico_netbsd_decode(const struct pico_raw *raw, const struct pico_lwp *l, struct pico_decoded *d)
{
	(void)l;
	memset(d, 0, sizeof(*d));
	d->lwp = raw->id;
	if ((raw->status & 0xff) == 0x7f)
		return PICO_DECODED;
	d->resume = PICO_RESUME_GONE;
	if ((raw->status & 0x7f) == 0) {
		d->event.kind = PICO_EXITED;
		d->event.status = (raw->status >> 8) & 0xff;
	} else {
		d->event.kind = PICO_SIGNALED;
		d->event.signo = raw->status & 0x7f;
		if (raw->status & 0x80)
			d->event.flags |= PICO_CORE;
	}
	return PICO_DECODED;
}
