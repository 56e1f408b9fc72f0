/*
 * New LWPs and processes. A child's first stop and its creator's event come in either order: a
 * child that is first is held, standing still, until the event says whose it is.
 *
 * The event never comes when the creator was killed in between. The held child then is an orphan
 * and is taken in under its own name.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

/* End a child of a loop that is closing, or mark it to be let go. */
static void
close_in_on(struct pico_loop *loop, struct pico_lwp *l)
{
	if (l->process->leaving)
		return;
	if (l->process->spawned)
		(void)loop->kernel->kill(loop->kernel, l->process->pid);	/* ESRCH: done already */
	else
		l->process->leaving = PICO_LEAVING;
}

/* A new id that we know already is that of an LWP which an execve has given its process's id: the kernel has
 * still to tell of that. (Where stops are of processes, ids of LWPs mean nothing beyond theirs.) */
static int
forget_former(struct pico_loop *loop, const struct pico_lwp *creator, int32_t id)
{
	struct pico_lwp *l = pico_lwps_find(&loop->lwps, id);

	if (loop->kernel->lwp_of != NULL || l == NULL || l->process == NULL)
		return 0;
	if (l->process == creator->process || l->process->pid == id)
		return 0;	/* taken in as an orphan before its creator spoke */
	return pico_lwps_exec_early(&loop->lwps, l);
}

int
pico_loop_new_process(struct pico_loop *loop, struct pico_lwp *creator, int32_t child)
{
	const struct pico_process *like = creator->process;

	if (forget_former(loop, creator, child) < 0)
		return -ENOMEM;
	struct pico_lwp *l = pico_lwps_find_in(&loop->lwps, NULL, child);
	if (pico_lwps_process(&loop->lwps, child) != NULL)
		return 0;	/* taken in as an orphan before its creator spoke */
	if (l != NULL) {
		int32_t status = l->status;
		if (pico_lwps_adopt_process(&loop->lwps, l, like) < 0)
			return -ENOMEM;
		pico_lwps_push_ready(&loop->lwps, l, status);
	} else {
		l = pico_lwps_add_process(&loop->lwps, child, child, like);
		if (l == NULL)
			return -ENOMEM;
		l->state = PICO_LWP_EXPECTED;
	}
	l->silent = creator->silent || creator->keeps;
	/* It has no event of its own at which that could be asked for. */
	l->stepped = l->silent ? 0 : creator->stepped;
	if (loop->follow != PICO_FOLLOW_ALL || loop->limit.reached)
		l->process->leaving = PICO_LEAVING_SILENTLY;
	else if (loop->closing)
		close_in_on(loop, l);
	return 0;
}

int
pico_loop_new_lwp(struct pico_loop *loop, struct pico_lwp *creator, int32_t lwp)
{
	if (forget_former(loop, creator, lwp) < 0)
		return -ENOMEM;
	struct pico_lwp *l = pico_lwps_find(&loop->lwps, lwp);
	if (l != NULL && l->process != NULL)
		return 0;
	if (l != NULL) {
		int32_t status = l->status;
		pico_lwps_adopt(&loop->lwps, l, creator->process);
		pico_lwps_push_ready(&loop->lwps, l, status);
	} else {
		l = pico_lwps_add(&loop->lwps, lwp, creator->process);
		if (l == NULL)
			return -ENOMEM;
		l->state = PICO_LWP_EXPECTED;
	}
	l->birth = PICO_LWP_CREATED;
	l->silent = creator->silent || creator->keeps;
	return 0;
}

int
pico_loop_hold(struct pico_loop *loop, struct pico_lwp *l, const struct pico_raw *raw)
{
	struct pico_decoded d;

	if (l == NULL) {
		l = pico_lwps_add(&loop->lwps, raw->id, NULL);
		if (l == NULL)
			return -ENOMEM;
		l->held_ns = loop->now;
		/* Fails where it is gone already; then only its creator's event can place it. */
		if (loop->kernel->family(loop->kernel, l->id, &l->owner, &l->parent) < 0)
			l->owner = l->parent = 0;
		/* It may be gone when it is taken in. */
		(void)loop->kernel->program(loop->kernel, l->id, l->program, sizeof(l->program));
	}
	/* Held twice: its end came after its stop, and stands for both. */
	l->status = raw->status;
	/* It was killed, and says that it is about to end: others may be waiting for that end. */
	if (loop->kernel->decode(raw, l, &d) == PICO_DECODED && d.resume == PICO_RESUME_CONTINUE)
		(void)loop->kernel->resume(loop->kernel, l->owner, l->id, PICO_RESUME_CONTINUE, 0);
	return 0;
}

static int
has_ended(int32_t status)
{
	return (status & 0xff) != 0x7f;	/* a stop's wait status ends in 0x7f, on every system */
}

/* Take a held LWP in without its creator's event. */
static void
take_in(struct pico_loop *loop, struct pico_lwp *l)
{
	int32_t status = l->status;
	struct pico_process *owner = l->owner != l->id ? pico_lwps_process(&loop->lwps, l->owner) : NULL;
	const struct pico_process *parent = pico_lwps_process(&loop->lwps, l->parent);

	if (owner != NULL) {
		pico_lwps_adopt(&loop->lwps, l, owner);
		l->birth = PICO_LWP_CREATED;
	} else if (l->owner == 0 && has_ended(status)) {
		/* It came and went between two looks, and the kernel's word of it is lost. */
		pico_lwps_remove(&loop->lwps, l);
		return;
	} else if (pico_lwps_adopt_process(&loop->lwps, l, parent) < 0) {
		return;	/* out of memory: it stays held, to be tried again */
	} else {
		struct pico_process *p = l->process;
		if (loop->kernel->program(loop->kernel, p->pid, p->program, sizeof(p->program)) < 0 &&
		    l->program[0] != '\0')
			memcpy(p->program, l->program, sizeof(p->program));
		/* Its parent may be gone (from /proc, too), or be the tracer (CLONE_PARENT). One that may have been
		 * made by a process that was attached to is not ours to end. */
		if (parent == NULL) {
			p->spawned = loop->root != 0 && !loop->attached;
			/* Where one may have our filter it may also have one of its own, of which nobody knows. */
			p->filtered = p->confined = loop->filtered != 0;
		}
		l->birth = loop->follow == PICO_FOLLOW_ALL ? PICO_ATTACHED : PICO_NONE;
		l->made = -1;	/* that announces its LWP, too (take.c) */
	}
	if ((loop->follow != PICO_FOLLOW_ALL || loop->limit.reached) && owner == NULL)
		l->process->leaving = PICO_LEAVING_SILENTLY;
	else if (loop->closing)
		close_in_on(loop, l);
	pico_lwps_push_ready(&loop->lwps, l, status);
}

/* Take in what is held and matches. */
static void
release(struct pico_loop *loop, int32_t pid, uint64_t held_before)
{
	for (uint32_t cursor = 0; loop->lwps.held > 0;) {
		struct pico_lwp *l = pico_lwps_next(&loop->lwps, &cursor);
		if (l == NULL)
			break;
		if (l->process != NULL)
			continue;
		if ((pid != 0 && (l->parent == pid || l->owner == pid)) || l->held_ns < held_before) {
			uint32_t used = loop->lwps.used;
			take_in(loop, l);
			if (loop->lwps.used < used)
				cursor--;
		}
	}
}

void
pico_loop_release_orphans(struct pico_loop *loop, int32_t pid)
{
	release(loop, pid, 0);
}

void
pico_loop_release_all(struct pico_loop *loop)
{
	release(loop, 0, UINT64_MAX);
}

void
pico_loop_release_overdue(struct pico_loop *loop)
{
	uint64_t now = pico_clock_ns();

	release(loop, 0, now > PICO_OVERDUE_NS ? now - PICO_OVERDUE_NS : 0);
}

void
pico_loop_pass_over(struct pico_loop *loop, uint64_t since)
{
	struct pico_lwp *l;
	uint32_t cursor = 0;

	while (loop->lwps.held > 0 && (l = pico_lwps_next(&loop->lwps, &cursor)) != NULL)
		if (l->process == NULL)
			l->held_ns += pico_clock_ns() - since;
}
