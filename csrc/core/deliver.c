/*
 * Signals of the tracer's: what is delivered to the LWP that stands still, and what it says of itself.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

enum { SIGNALS = 64 };	/* no system of ours has more: one that is too large would fail at the resume */

struct pico_lwp *
pico_loop_standing_lwp(const struct pico_loop *loop, int32_t lwp)
{
	return loop->current != NULL && loop->current_lwp == lwp ? loop->current : NULL;
}

static int
at_signal(const struct pico_loop *loop)
{
	return loop->shown == PICO_STOPPED || loop->shown == PICO_CRASHED;
}

/* Whether it stops a process by default: which signals do is the decoder's to know. */
static int
stops(const struct pico_loop *loop, const struct pico_lwp *l, int signo)
{
	struct pico_raw raw;
	struct pico_decoded d;

	memset(&raw, 0, sizeof(raw));
	raw.id = loop->kernel->lwp_of != NULL ? l->process->pid : l->id;
	raw.status = signo << 8 | 0x7f;	/* as any system tells of it */
	raw.have = PICO_NEED_SIGINFO;
	return loop->kernel->decode(&raw, l, &d) == PICO_DECODED && d.stops;
}

int
pico_loop_signal(struct pico_loop *loop, int32_t lwp, int signo)
{
	struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	if (signo < 0 || signo > SIGNALS || (signo == 0 && !at_signal(loop)))
		return -EINVAL;
	if (!at_signal(loop) && k->send != NULL)
		return k->send(k, l->process->pid, l->id, signo);
	l->signo = signo;
	l->stops = signo != 0 && stops(loop, l, signo);
	return 0;
}

int
pico_loop_set_siginfo(struct pico_loop *loop, int32_t lwp, const struct pico_event *ev)
{
	const struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;
	struct pico_event info = *ev;

	if (l == NULL)
		return -EBUSY;
	if (!at_signal(loop) || l->signo == 0)
		return -EINVAL;
	if (k->set_siginfo == NULL)
		return -EOPNOTSUPP;
	/* One of another number is thrown away (Linux's ptrace_signal). */
	info.signo = l->signo;
	return k->set_siginfo(k, l->process->pid, l->id, &info);
}
