/*
 * The wait: for the tracees of this thread, those of this loop, and never for a child of the host's own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "linux_kernel.h"

int
pico_linux_keep(struct linux_kernel *k, int32_t id, int32_t status)
{
	if (k->early_count == k->early_room) {
		uint32_t room = k->early_room > 0 ? k->early_room * 2 : 64;
		struct linux_early *early = realloc(k->early, room * sizeof(*early));
		if (early == NULL)
			return 0;
		k->early = early;
		k->early_room = room;
	}
	k->early[k->early_count++] = (struct linux_early){ id, status };
	return 1;
}

/* What was waited for before the loop asked for it. */
static int
take_early(struct linux_kernel *k, struct pico_raw *raw)
{
	if (k->early_next == k->early_count) {
		k->early_next = k->early_count = 0;
		return 0;
	}
	raw->id = k->early[k->early_next].id;
	raw->status = k->early[k->early_next++].status;
	return 1;
}

static int
on_tick(struct linux_kernel *k)
{
	if (k->pin.mode == PICO_PIN_AUTO)
		pico_linux_pin_tick(k);
	return -EINTR;
}

static int
wait_for_any(struct linux_kernel *k, int block, struct pico_raw *raw)
{
	for (;;) {
		raw->id = pico_linux_wait_for(-1, &raw->status, block ? 0 : WNOHANG);
		if (raw->id < 0) {
			int e = -errno;
			/* This return is the answer to it. */
			return pico_linux_ticked() && e == -EINTR ? on_tick(k) : e;
		}
		if (raw->id == 0)
			return 0;
		struct linux_kernel *owner = pico_linux_owner(k, raw->id);
		if (owner == k || !pico_linux_keep(owner, raw->id, raw->status))
			return 1;
	}
}

void
pico_linux_note(struct linux_kernel *k, int32_t id, int32_t status)
{
	if (WIFSTOPPED(status))
		pico_linux_own(k, id);
	else
		pico_linux_disown(k, id);
	if (k->altered_count > 0)
		pico_linux_altered_stopped(k, id, status);
	if (k->host_children_count > 0)
		pico_linux_host_child_stopped(k, id, status);
	if (k->pin.mode == PICO_PIN_AUTO)
		pico_linux_pin_stopped(k, id, status);
}

int
pico_linux_wait(struct pico_kernel *kernel, int block, struct pico_raw *raw)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;

	raw->have = 0;
	if (take_early(k, raw)) {
		pico_linux_note(k, raw->id, raw->status);
		return 1;
	}
	if (pico_linux_ticked())
		return on_tick(k);
	if (k->host_children_count > 0) {
		int e = pico_linux_host_child_ended(k, raw);
		if (e > 0)
			pico_linux_note(k, raw->id, raw->status);
		if (e != 0)
			return e;
	}
	if (!pico_linux_turn_next(&k->turns, raw)) {
		int e = wait_for_any(k, block, raw);
		if (e <= 0)
			return e;
	}
	pico_linux_note(k, raw->id, raw->status);
	return 1;
}

void
pico_linux_wait_early(struct linux_kernel *k, int32_t pid)
{
	int status;
	pid_t id;

	while ((id = pico_linux_wait_for(-1, &status, WNOHANG)) > 0) {
		struct linux_kernel *owner = pico_linux_owner(k, id);
		/* Its end is waited for, and it has to be let go on to come to it. (Of a first LWP of another process
		 * the loop has still to tell that it exits.) */
		if (owner == k && status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8) && pico_linux_is_there(pid, id)) {
			pico_linux_note(k, id, status);
			(void)k->ops.resume(&k->ops, 0, id, PICO_RESUME_CONTINUE, 0);
		} else if (!pico_linux_keep(owner, id, status)) {
			return;
		}
	}
}
