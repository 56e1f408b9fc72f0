/*
 * What a tracee of a script has: its family and image, its registers, the call that it stands in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../linux/abi.h"
#include "../linux/decode.h"
#include "../linux/regs.h"
#include "script_state.h"

enum { PAGE = 4096 };

/* The stop that was played last of an LWP, or of a process. */
static struct pico_scripted *
last_of(struct pico_kernel *k, int32_t id)
{
	struct script *s = pico_script_of(k);

	for (int i = s->last; i >= 0; i--)
		if (s->played[i] && s->stops[i].raw.id == id)
			return &s->stops[i];
	return NULL;
}

int64_t
pico_script_get_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, void *regs, size_t size)
{
	const struct pico_scripted *stop = last_of(k, k->lwp_of != NULL ? pid : lwp);

	if (stop == NULL || stop->raw.regs_size > size)
		return stop == NULL ? -ESRCH : -EINVAL;
	memcpy(regs, stop->raw.regs, stop->raw.regs_size);
	return stop->raw.regs_size;
}

int
pico_script_set_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, const void *regs, size_t size)
{
	struct pico_scripted *stop = last_of(k, k->lwp_of != NULL ? pid : lwp);

	if (stop == NULL || stop->raw.regs_size != size)
		return stop == NULL ? -ESRCH : -EINVAL;
	memcpy(stop->raw.regs, regs, size);
	return pico_script_note(k, PICO_ASKED_SET_REGS, lwp, 0, 0);
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

int
pico_script_alter(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *call, int what)
{
	struct pico_scripted *stop = last_of(k, k->lwp_of != NULL ? pid : lwp);

	if (stop == NULL || stop->answer < 0)
		return stop == NULL ? -ESRCH : stop->answer;
	int e = k->decode == pico_linux_decode ? linux_alter(pico_script_of(k), &stop->raw, call, what) : 0;
	if (e == 0)
		e = pico_script_note_about(k, PICO_ASKED_ALTER, lwp, what, 0, call);
	return e < 0 ? e : what == PICO_ALTER_ANSWER ? stop->answer : 0;
}

/* Those that have a stop which says so. */
int
pico_script_children(struct pico_kernel *k, int32_t pid, int32_t *pids, int max)
{
	const struct script *s = pico_script_of(k);
	int found = 0;

	for (int i = 0; i < s->count; i++) {
		const struct pico_scripted *stop = &s->stops[i];
		if (stop->parent != pid || stop->pid != stop->raw.id)
			continue;
		if (found < max)
			pids[found] = stop->pid;
		found++;
	}
	return found;
}

int
pico_script_family(struct pico_kernel *k, int32_t lwp, int32_t *pid, int32_t *parent)
{
	const struct script *s = pico_script_of(k);

	for (int i = 0; i <= s->last; i++)
		if (s->stops[i].raw.id == lwp && s->stops[i].pid != 0) {
			*pid = s->stops[i].pid;
			*parent = s->stops[i].parent;
			return 0;
		}
	return -ESRCH;
}

int
pico_script_program(struct pico_kernel *k, int32_t pid, char *name, size_t size)
{
	(void)k;
	(void)snprintf(name, size, "prog%d", (int)pid);
	return 0;
}

int64_t
pico_script_image(struct pico_kernel *k, int32_t pid, int what, uint64_t offset, void *data, size_t size)
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

/* All its memory is zero, and stays so; its first page is not there. */
int64_t
pico_script_read(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	(void)k, (void)pid, (void)lwp;
	if (addr < PAGE)
		return -EFAULT;
	memset(data, 0, size);
	return (int64_t)size;
}

int64_t
pico_script_write(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	(void)k, (void)pid, (void)lwp, (void)data;
	return addr < PAGE ? -EFAULT : (int64_t)size;
}
