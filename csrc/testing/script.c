/*
 * A kernel that plays a script.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../linux/abi.h"
#include "../linux/calls.h"
#include "../linux/decode.h"
#include "../linux/encode.h"
#include "../linux/regs.h"
#include "../netbsd/decode.h"
#include "script.h"

enum { SIGKILL_NUMBER = 9 };	/* on every system */

struct script {
	struct pico_kernel ops;
	struct pico_scripted *stops;
	unsigned char *played;		/* of each stop: whether it was */
	int count, last;		/* the stop played last, -1: none */
	struct pico_request *requests;
	int asked, room;
	struct pico_raw before, changed;	/* of the last call that was changed */
};

/* What differs from system to system. */
static const struct {
	const char *os;
	int capabilities;
	int (*decode)(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);
	int (*lwp_of)(const struct pico_raw *, int32_t *);
	int (*result_of)(const struct pico_raw *, struct pico_event *);
	int sends, filters;
} systems[] = {
	{ "linux", PICO_CAN_FOLLOW_LWP | PICO_CAN_STEP | PICO_CAN_WHOLE_RESULTS, pico_linux_decode, NULL, NULL, 1,
	    1 },
	{ "netbsd", PICO_CAN_SPAWNED | PICO_CAN_STEP, pico_netbsd_decode, pico_netbsd_lwp_of,
	    pico_netbsd_result_of, 0, 0 },
};

static struct script *
script_of(struct pico_kernel *k)
{
	return (struct script *)k;
}

static int
note_about(struct pico_kernel *k, int asked, int32_t lwp, int how, int signo, const struct pico_event *about)
{
	struct script *s = script_of(k);

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

/* Where whole processes stop. (LWPs that stop one by one may be resumed behind the loop's back.) */
static int
stands(const struct script *s, int32_t id)
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
	return stop->id != 0 && (stop->status & 0x7f) != SIGKILL_NUMBER && stands(s, stop->id);
}

static int
is_skipped(const struct script *s, const struct pico_scripted *stop)
{
	const struct pico_request *r = last_request(s, stop->raw.id);

	return stop->of_step && (r == NULL || r->how != PICO_RESUME_STEP);
}

static int
note(struct pico_kernel *k, int asked, int32_t lwp, int how, int signo)
{
	return note_about(k, asked, lwp, how, signo, NULL);
}

static int
script_wait(struct pico_kernel *k, int block, struct pico_raw *raw)
{
	struct script *s = script_of(k);

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
		    note(k, PICO_ASKED_STOPPED, stop->id, 0, 0) < 0)
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

static int
script_answer(struct pico_kernel *k, int32_t pid, struct pico_raw *raw, int needs)
{
	const struct pico_scripted *stop = played(script_of(k), raw->id, raw->status);

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

static int
script_resume(struct pico_kernel *k, int32_t pid, int32_t lwp, int how, int signo)
{
	return note(k, PICO_ASKED_RESUME, k->lwp_of != NULL ? pid : lwp, how, signo);
}

/* The script's first stop is the program's. */
static int
script_spawn(struct pico_kernel *k, const struct pico_launch *launch, int report, struct pico_raw *first)
{
	(void)launch;
	(void)report;
	return script_wait(k, 1, first) == 1 ? 0 : -ENOENT;
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
	return note(&s->ops, PICO_ASKED_INTERRUPT, pid, 0, 0) < 0 ? -ENOMEM : n;
}

/* Every LWP that the script says belongs to the process is there from the beginning. */
static int
script_attach(struct pico_kernel *k, int32_t pid, int report, int32_t *lwps, int max)
{
	struct script *s = script_of(k);
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
			(void)note(k, PICO_ASKED_INTERRUPT, s->stops[i].raw.id, 0, 0);
		}
	return n > 0 || known ? n : -ESRCH;
}

static int
script_detach(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	return note(k, PICO_ASKED_DETACH, k->lwp_of != NULL ? pid : lwp, 0, signo);
}

static int
script_interrupt(struct pico_kernel *k, int32_t pid, int32_t lwp)
{
	if (stands(script_of(k), pid))
		return 1;
	return note(k, PICO_ASKED_INTERRUPT, k->lwp_of != NULL ? pid : lwp, 0, 0);
}

static int
script_kill(struct pico_kernel *k, int32_t pid)
{
	return note(k, PICO_ASKED_KILL, pid, 0, 0);
}

static int
script_send(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	(void)pid;
	return note(k, PICO_ASKED_SEND, lwp, 0, signo);
}

/* What is noted is what the tracee's kernel would make of it. */
static int
script_set_siginfo(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *ev)
{
	struct pico_raw raw = { .id = lwp, .status = ev->signo << 8 | 0x7f, .have = PICO_NEED_SIGINFO };
	struct pico_decoded d = { .event = *ev };

	(void)pid;
	if (k->decode == pico_linux_decode) {
		pico_linux_siginfo(ev, raw.siginfo, sizeof(raw.siginfo));
		(void)pico_linux_decode(&raw, NULL, &d);	/* a signal's stop has all it needs */
	}
	return note_about(k, PICO_ASKED_SIGINFO, lwp, 0, ev->signo, &d.event);
}

/* The stop that was played last of an LWP, or of a process. */
static struct pico_scripted *
last_of(struct pico_kernel *k, int32_t id)
{
	struct script *s = script_of(k);

	for (int i = s->last; i >= 0; i--)
		if (s->played[i] && s->stops[i].raw.id == id)
			return &s->stops[i];
	return NULL;
}

static int64_t
script_get_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, void *regs, size_t size)
{
	const struct pico_scripted *stop = last_of(k, k->lwp_of != NULL ? pid : lwp);

	if (stop == NULL || stop->raw.regs_size > size)
		return stop == NULL ? -ESRCH : -EINVAL;
	memcpy(regs, stop->raw.regs, stop->raw.regs_size);
	return stop->raw.regs_size;
}

static int
script_set_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, const void *regs, size_t size)
{
	struct pico_scripted *stop = last_of(k, k->lwp_of != NULL ? pid : lwp);

	if (stop == NULL || stop->raw.regs_size != size)
		return stop == NULL ? -ESRCH : -EINVAL;
	memcpy(stop->raw.regs, regs, size);
	return note(k, PICO_ASKED_SET_REGS, lwp, 0, 0);
}

/* As Linux does it, to the registers of the script's stop, if it has any. The last call that was changed is
 * what is put back. */
static int
linux_alter(struct script *s, struct pico_raw *raw, const struct pico_event *call, int what)
{
	struct pico_raw before = *raw;
	int64_t number = what & PICO_ALTER_ANSWER ? -1 : call->sysnum;

	if ((what == 0 || what == PICO_ALTER_RESULT) && s->before.id == raw->id) {
		pico_linux_regs_put_back(raw, &s->before, &s->changed, call->abi);
		s->before.id = 0;
	} else if (what & (PICO_ALTER_ANSWER | PICO_ALTER_NUMBER))
		memcpy(raw->syscall_info + LINUX_INFO_NR, &number, sizeof(number));
	int e = raw->regs_size > 0 ? pico_linux_regs_alter(raw, call, what) : 0;
	if (what & (PICO_ALTER_NUMBER | PICO_ALTER_ARGS)) {
		if (s->before.id != raw->id)
			s->before = before;
		s->changed = *raw;
	}
	return e;
}

static int
script_alter(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *call, int what)
{
	struct pico_scripted *stop = last_of(k, k->lwp_of != NULL ? pid : lwp);

	if (stop == NULL || stop->answer < 0)
		return stop == NULL ? -ESRCH : stop->answer;
	int e = k->decode == pico_linux_decode ? linux_alter(script_of(k), &stop->raw, call, what) : 0;
	if (e == 0)
		e = note_about(k, PICO_ASKED_ALTER, lwp, what, 0, call);
	return e < 0 ? e : what == PICO_ALTER_ANSWER ? stop->answer : 0;
}

static int
script_set_filter(struct pico_kernel *k, const void *program, uint32_t size)
{
	(void)k, (void)program, (void)size;
	return PICO_FILTER_FREE;
}

/* Of the two calls that it can be, the one that says all in its arguments. */
static int
script_keep_child(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *call, int over)
{
	(void)pid;
	if (!pico_linux_is(call, LINUX_CLONE) || (!over && !(call->args[0] & LINUX_CLONE_UNTRACED)))
		return 0;
	return note(k, PICO_ASKED_KEEP, lwp, over, 0) < 0 ? -ENOMEM : !over;
}

static int
script_refusal(struct pico_kernel *k, int32_t pid, int error, int32_t *detail)
{
	(void)k;
	(void)pid;
	*detail = 0;
	return error == -ESRCH ? PICO_REFUSED_NOBODY : PICO_REFUSED_OTHER;
}

static int
script_children(struct pico_kernel *k, int32_t pid, int32_t *pids, int max)
{
	(void)k, (void)pid, (void)pids, (void)max;
	return 0;
}

static int
script_family(struct pico_kernel *k, int32_t lwp, int32_t *pid, int32_t *parent)
{
	const struct script *s = script_of(k);

	for (int i = 0; i <= s->last; i++)
		if (s->stops[i].raw.id == lwp && s->stops[i].pid != 0) {
			*pid = s->stops[i].pid;
			*parent = s->stops[i].parent;
			return 0;
		}
	return -ESRCH;
}

static int
script_program(struct pico_kernel *k, int32_t pid, char *name, size_t size)
{
	(void)k;
	(void)snprintf(name, size, "prog%d", (int)pid);
	return 0;
}

static int64_t
script_image(struct pico_kernel *k, int32_t pid, int what, uint64_t offset, void *data, size_t size)
{
	const struct pico_scripted *stop = last_of(k, pid);

	if (stop == NULL || offset > 0)
		return stop == NULL ? -ESRCH : 0;
	if (what != PICO_IMAGE_PATH && what != PICO_IMAGE_ARGV)
		return 0;
	size_t n = what == PICO_IMAGE_PATH ? strlen(stop->path) : (size_t)stop->argv_size;
	if (n > size)
		n = size;
	memcpy(data, what == PICO_IMAGE_PATH ? stop->path : stop->argv, n);
	return (int64_t)n;
}

static int64_t
script_read(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	(void)k, (void)pid, (void)lwp, (void)addr, (void)data, (void)size;
	return -EFAULT;
}

static int64_t
script_write(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	(void)k, (void)pid, (void)lwp, (void)addr, (void)data, (void)size;
	return -EFAULT;
}

static int
script_tick(struct pico_kernel *k, uint64_t interval_ns)
{
	(void)k, (void)interval_ns;
	return 0;
}

static void
script_close(struct pico_kernel *k)
{
	(void)k;
}

void
pico_script_free(struct pico_kernel *k)
{
	struct script *s = script_of(k);

	free(s->stops);
	free(s->played);
	free(s->requests);
	free(s);
}

struct pico_kernel *
pico_script_open(const char *os, const struct pico_scripted *stops, int count)
{
	struct script *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->last = -1;
	s->stops = calloc((size_t)count + 1, sizeof(*stops));
	s->played = calloc((size_t)count + 1, sizeof(*s->played));
	s->ops = (struct pico_kernel){
		.os = "script",
		.wait = script_wait,
		.answer = script_answer,
		.resume = script_resume,
		.spawn = script_spawn,
		.attach = script_attach,
		.detach = script_detach,
		.interrupt = script_interrupt,
		.kill = script_kill,
		.set_siginfo = script_set_siginfo,
		.get_regs = script_get_regs,
		.set_regs = script_set_regs,
		.alter = script_alter,
		.refusal = script_refusal,
		.children = script_children,
		.family = script_family,
		.program = script_program,
		.image = script_image,
		.read = script_read,
		.write = script_write,
		.tick = script_tick,
		.close = script_close,
	};
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (strcmp(systems[i].os, os) == 0) {
			s->ops.capabilities = (uint32_t)systems[i].capabilities;
			s->ops.decode = systems[i].decode;
			s->ops.lwp_of = systems[i].lwp_of;
			s->ops.result_of = systems[i].result_of;
			s->ops.send = systems[i].sends ? script_send : NULL;
			s->ops.set_filter = systems[i].filters ? script_set_filter : NULL;
			s->ops.keep_child = systems[i].filters ? script_keep_child : NULL;
		}
	if (s->stops == NULL || s->played == NULL || s->ops.decode == NULL) {
		pico_script_free(&s->ops);
		return NULL;
	}
	memcpy(s->stops, stops, (size_t)count * sizeof(*stops));
	s->count = count;
	return &s->ops;
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

int
pico_script_unplayed(const struct pico_kernel *k)
{
	const struct script *s = (const struct script *)k;
	int n = 0;

	for (int i = 0; i < s->count; i++)
		n += !s->played[i];
	return n;
}
