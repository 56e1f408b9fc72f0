/*
 * A kernel that plays a script.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../linux/decode.h"
#include "../netbsd/decode.h"
#include "script_state.h"

/* What differs from system to system. */
static const struct {
	const char *os;
	int capabilities;
	int (*decode)(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);
	int (*lwp_of)(const struct pico_raw *, int32_t *);
	int (*result_of)(const struct pico_raw *, struct pico_event *);
	int sends, filters;
} systems[] = {
	{ "linux", PICO_CAN_FOLLOW_LWP | PICO_CAN_STEP | PICO_CAN_WHOLE_RESULTS | PICO_CAN_STEP_BLOCK,
	    pico_linux_decode, NULL, NULL, 1, 1 },
	{ "netbsd", PICO_CAN_SPAWNED | PICO_CAN_STEP, pico_netbsd_decode, pico_netbsd_lwp_of,
	    pico_netbsd_result_of, 0, 0 },
};

struct script *
pico_script_of(struct pico_kernel *k)
{
	return (struct script *)k;
}

static int
script_set_filter(struct pico_kernel *k, const void *program, uint32_t size)
{
	(void)k, (void)program, (void)size;
	return PICO_FILTER_FREE;
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
	struct script *s = pico_script_of(k);

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
		.wait = pico_script_wait,
		.answer = pico_script_answer,
		.resume = pico_script_resume,
		.spawn = pico_script_spawn,
		.attach = pico_script_attach,
		.detach = pico_script_detach,
		.interrupt = pico_script_interrupt,
		.kill = pico_script_kill,
		.set_siginfo = pico_script_set_siginfo,
		.get_regs = pico_script_get_regs,
		.set_regs = pico_script_set_regs,
		.alter = pico_script_alter,
		.refusal = script_refusal,
		.children = pico_script_children,
		.family = pico_script_family,
		.program = pico_script_program,
		.image = pico_script_image,
		.read = pico_script_read,
		.write = pico_script_write,
		.tick = script_tick,
		.close = script_close,
	};
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (strcmp(systems[i].os, os) == 0) {
			s->ops.capabilities = (uint32_t)systems[i].capabilities;
			s->ops.decode = systems[i].decode;
			s->ops.lwp_of = systems[i].lwp_of;
			s->ops.result_of = systems[i].result_of;
			s->ops.step_too = systems[i].lwp_of != NULL ? pico_script_step_too : NULL;
			s->ops.send = systems[i].sends ? pico_script_send : NULL;
			s->ops.set_filter = systems[i].filters ? script_set_filter : NULL;
			s->ops.keep_child = systems[i].filters ? pico_script_keep_child : NULL;
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
pico_script_unplayed(const struct pico_kernel *k)
{
	const struct script *s = (const struct script *)k;
	int n = 0;

	for (int i = 0; i < s->count; i++)
		n += !s->played[i];
	return n;
}
