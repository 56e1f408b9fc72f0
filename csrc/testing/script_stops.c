/*
 * The stops of a script, as they come, and what is answered about them.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "script_state.h"

enum { SIGKILL_NUMBER = 9 };	/* on every system */

/* What was asked of it last, NULL: nothing since it stopped. */
static const struct pico_request *
last_request(const struct script *s, int32_t id)
{
	for (int i = s->asked - 1; i >= 0; i--)
		if (s->requests[i].lwp == id && s->requests[i].asked < PICO_ASKED_STOPPED)
			return &s->requests[i];
		else if (s->requests[i].lwp == id && s->requests[i].asked == PICO_ASKED_STOPPED)
			return NULL;
	return NULL;
}

int
pico_script_stands(const struct script *s, int32_t id)
{
	if (s->ops.lwp_of == NULL)
		return 0;
	for (int i = s->asked - 1; i >= 0; i--)
		if (s->requests[i].lwp == id && s->requests[i].asked <= PICO_ASKED_STOPPED)
			return s->requests[i].asked == PICO_ASKED_STOPPED;
	return 0;
}

/* What is written down of one that stands still has to wait, but for its death by SIGKILL. */
static int
has_to_wait(const struct script *s, const struct pico_raw *stop)
{
	return stop->id != 0 && (stop->status & 0x7f) != SIGKILL_NUMBER && pico_script_stands(s, stop->id);
}

static int
is_skipped(const struct script *s, const struct pico_scripted *stop)
{
	const struct pico_request *r = last_request(s, stop->raw.id);

	return stop->of_step && (r == NULL || (r->how != PICO_RESUME_STEP && r->how != PICO_RESUME_RETURN &&
	    r->how != PICO_RESUME_BLOCK));
}

int
pico_script_wait(struct pico_kernel *k, int block, struct pico_raw *raw)
{
	struct script *s = pico_script_of(k);

	(void)block;
	for (int i = 0; i < s->count; i++) {
		const struct pico_raw *stop = &s->stops[i].raw;
		if (s->played[i] || has_to_wait(s, stop))
			continue;
		s->played[i] = 1;
		if (is_skipped(s, &s->stops[i]))
			continue;
		if (stop->id == 0) {
			struct timespec pause = { (time_t)(stop->state / 1000000000u), (long)(stop->state % 1000000000u) };
			(void)nanosleep(&pause, NULL);	/* a signal ends it early, as it would end the wait */
			return -EINTR;
		}
		if (s->ops.lwp_of != NULL && (stop->status & 0xff) == 0x7f &&
		    pico_script_note(k, PICO_ASKED_STOPPED, stop->id, 0, 0) < 0)
			return -ENOMEM;
		s->last = i;
		memset(raw, 0, sizeof(*raw));
		raw->id = stop->id;
		raw->status = stop->status;
		return 1;
	}
	return -ECHILD;
}

/* The stop of this LWP that was played last, with this status. */
static const struct pico_scripted *
played(const struct script *s, int32_t id, int32_t status)
{
	for (int i = s->last; i >= 0; i--)
		if (s->played[i] && s->stops[i].raw.id == id && s->stops[i].raw.status == status)
			return &s->stops[i];
	return NULL;
}

int
pico_script_answer(struct pico_kernel *k, int32_t pid, struct pico_raw *raw, int needs)
{
	const struct pico_scripted *stop = played(pico_script_of(k), raw->id, raw->status);

	(void)pid;
	if (stop == NULL)
		return -ESRCH;
	if (stop->refuses != 0)
		return -stop->refuses;
	uint32_t have = raw->have | (uint32_t)needs;
	*raw = stop->raw;
	raw->have = have;
	return 0;
}

/* The script's first stop is the program's. */
int
pico_script_spawn(struct pico_kernel *k, const struct pico_launch *launch, int report, struct pico_raw *first)
{
	(void)launch;
	(void)report;
	return pico_script_wait(k, 1, first) == 1 ? 0 : -ENOENT;
}

static int
was_interrupted(const struct script *s, int32_t id)
{
	for (int i = 0; i < s->asked; i++)
		if (s->requests[i].asked == PICO_ASKED_INTERRUPT && s->requests[i].lwp == id)
			return 1;
	return 0;
}

/* Where whole processes stop: its LWPs are what the first stop says. */
static int
attach_process(struct script *s, int32_t pid, int32_t *lwps, int max)
{
	const struct pico_scripted *first = s->stops, *end = s->stops + s->count;
	int n = 0;

	while (first < end && first->raw.id != pid)
		first++;
	if (first == end)
		return -ESRCH;
	if (was_interrupted(s, pid))
		return 0;
	while (n < max && n < (int)(sizeof(first->lwps) / sizeof(first->lwps[0])) && first->lwps[n] != 0) {
		lwps[n] = first->lwps[n];
		n++;
	}
	if (n == 0)
		lwps[n++] = pid;
	return pico_script_note(&s->ops, PICO_ASKED_INTERRUPT, pid, 0, 0) < 0 ? -ENOMEM : n;
}

/* Every LWP that the script says belongs to the process is there from the beginning. */
int
pico_script_attach(struct pico_kernel *k, int32_t pid, int report, int32_t *lwps, int max)
{
	struct script *s = pico_script_of(k);
	int n = 0, known = 0;

	(void)report;
	if (k->lwp_of != NULL)
		return attach_process(s, pid, lwps, max);
	for (int i = 0; i < s->count; i++)
		known |= s->stops[i].pid == pid && was_interrupted(s, s->stops[i].raw.id);
	if (known && s->last >= 0)
		return 0;
	for (int i = 0; i < s->count && n < max; i++)
		if (s->stops[i].pid == pid && !was_interrupted(s, s->stops[i].raw.id)) {
			lwps[n++] = s->stops[i].raw.id;
			(void)pico_script_note(k, PICO_ASKED_INTERRUPT, s->stops[i].raw.id, 0, 0);
		}
	return n > 0 || known ? n : -ESRCH;
}
