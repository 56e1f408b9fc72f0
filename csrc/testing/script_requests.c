/*
 * What is asked of a kernel that plays a script, and noted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../linux/abi.h"
#include "../linux/calls.h"
#include "../linux/decode.h"
#include "../linux/encode.h"
#include "script_state.h"

int
pico_script_note_about(struct pico_kernel *k, int asked, int32_t lwp, int how, int signo,
    const struct pico_event *about)
{
	struct script *s = pico_script_of(k);

	if (s->asked == s->room) {
		int room = s->room * 2 + 64;
		struct pico_request *more = realloc(s->requests, (size_t)room * sizeof(*more));
		if (more == NULL)
			return -ENOMEM;
		s->requests = more;
		s->room = room;
	}
	struct pico_request *request = &s->requests[s->asked++];
	*request = (struct pico_request){ .asked = asked, .lwp = lwp, .how = how, .signo = signo };
	if (about != NULL)
		request->about = *about;
	return 0;
}

int
pico_script_note(struct pico_kernel *k, int asked, int32_t lwp, int how, int signo)
{
	return pico_script_note_about(k, asked, lwp, how, signo, NULL);
}

int
pico_script_resume(struct pico_kernel *k, int32_t pid, int32_t lwp, int how, int signo)
{
	return pico_script_note(k, PICO_ASKED_RESUME, k->lwp_of != NULL ? pid : lwp, how, signo);
}

int
pico_script_detach(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	return pico_script_note(k, PICO_ASKED_DETACH, k->lwp_of != NULL ? pid : lwp, 0, signo);
}

int
pico_script_interrupt(struct pico_kernel *k, int32_t pid, int32_t lwp)
{
	if (pico_script_stands(pico_script_of(k), pid))
		return 1;
	return pico_script_note(k, PICO_ASKED_INTERRUPT, k->lwp_of != NULL ? pid : lwp, 0, 0);
}

int
pico_script_kill(struct pico_kernel *k, int32_t pid)
{
	return pico_script_note(k, PICO_ASKED_KILL, pid, 0, 0);
}

int
pico_script_send(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	(void)pid;
	return pico_script_note(k, PICO_ASKED_SEND, lwp, 0, signo);
}

int
pico_script_step_too(struct pico_kernel *k, int32_t pid, int32_t lwp)
{
	(void)lwp;
	return pico_script_note(k, PICO_ASKED_STEP_TOO, pid, 0, 0);
}

/* What is noted is what the tracee's kernel would make of it. */
int
pico_script_set_siginfo(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *ev)
{
	struct pico_raw raw = { .id = lwp, .status = ev->signo << 8 | 0x7f, .have = PICO_NEED_SIGINFO };
	struct pico_decoded d = { .event = *ev };

	(void)pid;
	if (k->decode == pico_linux_decode) {
		pico_linux_siginfo(ev, raw.siginfo, sizeof(raw.siginfo));
		(void)pico_linux_decode(&raw, NULL, &d);	/* a signal's stop has all it needs */
	}
	return pico_script_note_about(k, PICO_ASKED_SIGINFO, lwp, 0, ev->signo, &d.event);
}

/* Of the two calls that it can be, the one that says all in its arguments. */
int
pico_script_keep_child(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *call, int over)
{
	(void)pid;
	if (!pico_linux_is(call, LINUX_CLONE) || (!over && !(call->args[0] & LINUX_CLONE_UNTRACED)))
		return 0;
	return pico_script_note(k, PICO_ASKED_KEEP, lwp, over, 0) < 0 ? -ENOMEM : !over;
}

int
pico_script_requests(const struct pico_kernel *k, struct pico_request *out, int max)
{
	const struct script *s = (const struct script *)k;
	int n = s->asked < max ? s->asked : max;

	if (n > 0)
		memcpy(out, s->requests, (size_t)n * sizeof(*out));
	return s->asked;
}
