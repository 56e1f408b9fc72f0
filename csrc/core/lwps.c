/*
 * The table of processes and LWPs: open addressing by LWP id, so that the look-up on every stop is
 * one probe, and a list of the processes, which are few.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lwps.h"

enum { FIRST_SIZE = 64 };

static uint32_t
slot_of(const struct pico_lwps *t, int32_t id)
{
	/* Ids are handed out in sequence: Fibonacci hashing keeps neighbours apart. */
	return ((uint32_t)id * 2654435769u) & (t->size - 1);
}

int
pico_lwps_init(struct pico_lwps *t)
{
	memset(t, 0, sizeof(*t));
	t->slots = calloc(FIRST_SIZE, sizeof(*t->slots));
	if (t->slots == NULL)
		return -ENOMEM;
	t->size = FIRST_SIZE;
	return 0;
}

void
pico_lwps_destroy(struct pico_lwps *t)
{
	for (uint32_t i = 0; i < t->size; i++)
		free(t->slots[i]);
	free(t->slots);
	while (t->processes != NULL) {
		struct pico_process *p = t->processes;
		t->processes = p->next;
		free(p);
	}
	memset(t, 0, sizeof(*t));
}

struct pico_lwp *
pico_lwps_find(const struct pico_lwps *t, int32_t id)
{
	for (uint32_t i = slot_of(t, id);; i = (i + 1) & (t->size - 1)) {
		struct pico_lwp *l = t->slots[i];
		if (l == NULL || l->id == id)
			return l;
	}
}

struct pico_lwp *
pico_lwps_find_in(const struct pico_lwps *t, const struct pico_process *p, int32_t id)
{
	for (uint32_t i = slot_of(t, id);; i = (i + 1) & (t->size - 1)) {
		struct pico_lwp *l = t->slots[i];
		if (l == NULL || (l->id == id && l->process == p))
			return l;
	}
}

struct pico_lwp *
pico_lwps_any(const struct pico_lwps *t, const struct pico_process *p)
{
	struct pico_lwp *l, *any = p->stepping;

	for (uint32_t cursor = 0; p->stepping == NULL && (l = pico_lwps_next(t, &cursor)) != NULL;)
		if (l->process == p && (any == NULL || l->id == p->pid))
			any = l;
	return any;
}

struct pico_lwp *
pico_lwps_next(const struct pico_lwps *t, uint32_t *cursor)
{
	while (*cursor < t->size) {
		struct pico_lwp *l = t->slots[(*cursor)++];
		if (l != NULL)
			return l;
	}
	return NULL;
}

struct pico_process *
pico_lwps_process(const struct pico_lwps *t, int32_t pid)
{
	const struct pico_lwp *l = pico_lwps_find(t, pid);
	if (l != NULL && l->process != NULL && l->process->pid == pid)
		return l->process;
	/* Where an LWP's id differs from its pid, as on NetBSD after an execve by a later LWP. */
	for (struct pico_process *p = t->processes; p != NULL; p = p->next)
		if (p->pid == pid)
			return p;
	return NULL;
}

static void
put(struct pico_lwps *t, struct pico_lwp *l)
{
	uint32_t i = slot_of(t, l->id);
	while (t->slots[i] != NULL)
		i = (i + 1) & (t->size - 1);
	t->slots[i] = l;
}

static int
grow(struct pico_lwps *t)
{
	struct pico_lwp **old = t->slots;
	uint32_t size = t->size;
	struct pico_lwp **slots = calloc((size_t)size * 2, sizeof(*slots));

	if (slots == NULL)
		return -ENOMEM;
	t->slots = slots;
	t->size = size * 2;
	for (uint32_t i = 0; i < size; i++)
		if (old[i] != NULL)
			put(t, old[i]);
	free(old);
	return 0;
}

/* Take an LWP out of its slot and close the gap, so that no tombstones pile up. */
static void
unput(struct pico_lwps *t, const struct pico_lwp *gone)
{
	uint32_t gap = slot_of(t, gone->id);
	while (t->slots[gap] != gone)
		gap = (gap + 1) & (t->size - 1);
	for (uint32_t i = (gap + 1) & (t->size - 1); t->slots[i] != NULL; i = (i + 1) & (t->size - 1)) {
		uint32_t home = slot_of(t, t->slots[i]->id);
		if (((i - home) & (t->size - 1)) >= ((i - gap) & (t->size - 1))) {
			t->slots[gap] = t->slots[i];
			gap = i;
		}
	}
	t->slots[gap] = NULL;
}

struct pico_lwp *
pico_lwps_add(struct pico_lwps *t, int32_t id, struct pico_process *process)
{
	if ((t->used + 1) * 2 > t->size && grow(t) < 0)
		return NULL;
	struct pico_lwp *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return NULL;
	l->id = id;
	l->process = process;
	if (process != NULL) {
		process->lwps++;
	} else {
		l->state = PICO_LWP_HELD;
		t->held++;
	}
	put(t, l);
	t->used++;
	return l;
}

void
pico_lwps_rename(struct pico_lwps *t, struct pico_lwp *l, int32_t id)
{
	unput(t, l);
	l->id = id;
	put(t, l);
}

static struct pico_process *
new_process(struct pico_lwps *t, int32_t pid, const struct pico_process *like)
{
	struct pico_process *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	if (like != NULL)
		*p = *like;
	p->pid = pid;
	p->lwps = 0;
	p->arriving = p->stopping = p->stopped = p->leader_gone = p->incomplete = 0;
	p->leaving = PICO_STAYS;
	p->execed = 0;
	p->stepping = NULL;
	p->next = t->processes;
	t->processes = p;
	return p;
}

static void
free_process(struct pico_lwps *t, struct pico_process *process)
{
	struct pico_process **p = &t->processes;
	while (*p != process)
		p = &(*p)->next;
	*p = process->next;
	free(process);
}

struct pico_lwp *
pico_lwps_add_process(struct pico_lwps *t, int32_t pid, int32_t id, const struct pico_process *like)
{
	struct pico_process *p = new_process(t, pid, like);
	if (p == NULL)
		return NULL;
	struct pico_lwp *l = pico_lwps_add(t, id, p);
	if (l == NULL)
		free_process(t, p);
	return l;
}

void
pico_lwps_adopt(struct pico_lwps *t, struct pico_lwp *l, struct pico_process *process)
{
	t->held--;
	l->process = process;
	l->state = PICO_LWP_EXPECTED;
	process->lwps++;
}

int
pico_lwps_adopt_process(struct pico_lwps *t, struct pico_lwp *l, const struct pico_process *like)
{
	struct pico_process *p = new_process(t, l->id, like);
	if (p == NULL)
		return -ENOMEM;
	pico_lwps_adopt(t, l, p);
	return 0;
}

static void
unready(struct pico_lwps *t, struct pico_lwp *gone)
{
	struct pico_lwp **link = &t->first_ready, *before = NULL;

	for (; *link != gone; link = &before->next_ready)
		before = *link;
	*link = gone->next_ready;
	if (t->last_ready == gone)
		t->last_ready = before;
}

void
pico_lwps_remove(struct pico_lwps *t, struct pico_lwp *l)
{
	if (l->ready)
		unready(t, l);
	if (l->process != NULL && l->process->stepping == l)
		l->process->stepping = NULL;
	unput(t, l);
	t->used--;
	if (l->wake_ns != 0)
		t->delayed--;
	if (l->process == NULL)
		t->held--;
	else if (--l->process->lwps == 0)
		free_process(t, l->process);
	free(l);
}

struct pico_lwp *
pico_lwps_exec(struct pico_lwps *t, struct pico_lwp *leader, int32_t old)
{
	struct pico_process *p = leader->process;
	struct pico_lwp *caller = old != 0 ? pico_lwps_find(t, old) : NULL;

	if (caller != NULL && caller->process == p) {
		leader->in_call = caller->in_call;
		leader->abi = caller->abi;
		leader->nargs = caller->nargs;
		leader->sysnum = caller->sysnum;
		leader->enter_seq = caller->enter_seq;
		leader->enter_ns = caller->enter_ns;
		leader->stepped = caller->stepped;
		leader->altered = caller->altered;
		leader->answered = caller->answered;
		memcpy(leader->args, caller->args, sizeof(leader->args));
		leader->birth = PICO_NONE;
	} else if (old != 0 && old != p->execed) {
		leader->in_call = 0;
	}
	p->leader_gone = 0;
	p->execed = 0;
	/* Their ends were reported before the execve went on; what is left here is the caller's
	 * former id, and LWPs whose last report was swallowed by a SIGKILL. */
	for (uint32_t cursor = 0; p->lwps > 1;) {
		struct pico_lwp *l = pico_lwps_next(t, &cursor);
		if (l == NULL)
			break;
		if (l->process == p && l != leader) {
			pico_lwps_remove(t, l);
			cursor--;
		}
	}
	return leader;
}

int
pico_lwps_exec_early(struct pico_lwps *t, struct pico_lwp *old)
{
	struct pico_process *p = old->process;
	struct pico_lwp *leader = pico_lwps_find_in(t, p, p->pid);
	int32_t id = old->id;

	if (leader == NULL)
		leader = pico_lwps_add(t, p->pid, p);	/* it had exited when the process was attached to */
	if (leader == NULL)
		return -ENOMEM;
	(void)pico_lwps_exec(t, leader, id);
	p->execed = id;
	return 0;
}

void
pico_lwps_push_ready(struct pico_lwps *t, struct pico_lwp *l, int32_t status)
{
	l->status = status;
	if (l->ready)
		return;
	l->ready = 1;
	l->next_ready = NULL;
	if (t->last_ready != NULL)
		t->last_ready->next_ready = l;
	else
		t->first_ready = l;
	t->last_ready = l;
}

struct pico_lwp *
pico_lwps_pop_ready(struct pico_lwps *t)
{
	struct pico_lwp *l = t->first_ready;
	if (l == NULL)
		return NULL;
	t->first_ready = l->next_ready;
	if (t->first_ready == NULL)
		t->last_ready = NULL;
	l->ready = l->waits = 0;
	return l;
}
