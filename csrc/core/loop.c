/*
 * wait -> decode -> filter -> sink or return. No OS, no globals; one thread, the one that opened it.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "loop_state.h"

#define TICK_PENDING_NS	10000000ull	/* what was recorded is handed over within this time */
#define TICK_IDLE_NS	1000000000ull	/* a signal that came just before the wait is seen within this */
#define TICK_SHORTEST_NS 100000		/* however near a deadline is */

uint64_t
pico_clock_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);	/* cannot fail: the clock exists, now is ours */
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* An LWP that was made later, where those are not asked for, and the system stops the whole process for it. */
static int
is_unfollowed(const struct pico_loop *loop, const struct pico_process *process, int32_t lwp)
{
	if (loop->follow != PICO_FOLLOW_NONE || lwp == 0)
		return 0;
	const struct pico_lwp *l = pico_lwps_find_in(&loop->lwps, process, lwp);
	return l != NULL && l->unfollowed;
}

int
pico_loop_is_full(const struct pico_loop *loop)
{
	return loop->mode != PICO_MODE_TEXT && loop->filled == loop->max;
}

int
pico_loop_emit(struct pico_loop *loop, const struct pico_process *process, struct pico_event *ev)
{
	if (!pico_loop_wants(loop, ev) || (loop->closing && loop->text == NULL && !loop->rest.wanted) ||
	    process->leaving == PICO_LEAVING_SILENTLY || loop->silent || is_unfollowed(loop, process, ev->lwp) ||
	    pico_loop_is_beyond(loop, ev->kind))
		return 0;
	ev->seq = ++loop->seq;
	ev->ts_ns = loop->now;
	ev->pid = process->pid;
	/* For those who count a column of a batch: 0 is a call. */
	if (ev->kind != PICO_SCE && ev->kind != PICO_SCX)
		ev->sysnum = -1;
	memcpy(ev->program, process->program, sizeof(ev->program));
	if (loop->text != NULL && (loop->closing || loop->mode == PICO_MODE_TEXT))
		pico_text_put(loop->text, ev);
	else if (loop->closing)
		pico_loop_put_rest(loop, ev);
	else
		loop->batch[loop->filled++] = *ev;
	pico_loop_count(loop, ev->kind);
	return 1;
}

void
pico_loop_resume(struct pico_loop *loop, struct pico_lwp *l)
{
	struct pico_kernel *k = loop->kernel;
	int how = l->resume;

	if (how == PICO_RESUME_GONE || pico_loop_put_off(loop, l))
		return;
	/* What a step meets inside a call is its exit; the execve that starts a program is one as well. */
	if (l->stepped && !l->in_call && !l->skip_exit && how == PICO_RESUME_SYSCALL)
		how = l->stepped;
	if (!(loop->events & (1u << PICO_SCE | 1u << PICO_SCX)) && !l->stepped &&
	    (how == PICO_RESUME_SYSCALL || how == PICO_RESUME_LAST || how == PICO_RESUME_DYING)) {
		how = PICO_RESUME_CONTINUE;
		l->in_call = l->skip_exit = 0;	/* its exit is not seen */
	}
	if (how == PICO_RESUME_SYSCALL && pico_loop_runs_on(loop, l)) {
		how = PICO_RESUME_CONTINUE;
		l->in_call = l->skip_exit = 0;
	}
	if (how == PICO_RESUME_DYING)
		how = PICO_RESUME_SYSCALL;
	l->state = how == PICO_RESUME_LISTEN ? PICO_LWP_LISTENING : PICO_LWP_RUNNING;
	l->process->stopping |= l->stops;
	l->stops = 0;
	/* ESRCH: killed since it stopped. Its end is reported by the next wait; any other error leaves it
	 * standing, and it ends or leaves with the loop. */
	int e = k->resume(k, l->process->pid, l->id, how, l->signo);
	if (e < 0 && e != -ESRCH) {
		l->state = PICO_LWP_STANDING;
		pico_loop_fail(loop, e);
		return;
	}
	l->signo = 0;
	/* The last one's end is its process's, and that is reported. */
	if (l->resume == PICO_RESUME_DYING && l->process->lwps > 1)
		pico_lwps_remove(&loop->lwps, l);
}

static int
pending(const struct pico_loop *loop)
{
	return loop->filled > 0 || (loop->text != NULL && pico_text_pending(loop->text));
}

/* How many records there are for the caller; or 1, lines that it is to take. */
static int
handed_over(const struct pico_loop *loop)
{
	if (loop->filled > 0)
		return loop->filled;
	return loop->text != NULL && pico_text_is_kept(loop->text) && pico_text_pending(loop->text);
}

static int
has_enough(const struct pico_loop *loop)
{
	return pico_loop_is_full(loop) || (handed_over(loop) > 0 && loop->text != NULL && pico_text_full(loop->text));
}

static int64_t
sooner(int64_t deadline, uint64_t ns)
{
	return deadline == 0 || ns < (uint64_t)deadline ? (int64_t)ns : deadline;
}

/* Have the kernel tick fast while something waits to be handed over, slowly otherwise. Called on
 * every stop: the ticks are made slower only in on_tick, so that a system call is rare here. */
static void
pace(struct pico_loop *loop, int64_t deadline)
{
	uint64_t interval = pending(loop) ? TICK_PENDING_NS : TICK_IDLE_NS;

	if (loop->lwps.delayed > 0)
		deadline = sooner(deadline, loop->wake_ns);
	if (loop->limit.at_ns != 0 && !loop->limit.reached)
		deadline = sooner(deadline, loop->limit.at_ns);
	if (deadline != 0) {
		int64_t left = deadline - (int64_t)pico_clock_ns();
		if (left < (int64_t)interval)
			interval = left > TICK_SHORTEST_NS ? (uint64_t)left : TICK_SHORTEST_NS;
	}
	if (loop->tick_ns == 0 || interval < loop->tick_ns)
		if (loop->kernel->tick(loop->kernel, interval) == 0)
			loop->tick_ns = interval;
}

static int
flush(struct pico_loop *loop)
{
	uint64_t began = pico_clock_ns();
	int e = pico_text_flush(loop->text);

	pico_loop_pass_over(loop, began);
	return e;
}

int
pico_loop_make_room(struct pico_loop *loop)
{
	if (loop->text == NULL || !pico_text_full(loop->text))
		return 0;
	pace(loop, 0);
	return flush(loop) == -EINTR ? -EINTR : 0;
}

/* A tick or a signal interrupted the wait. */
static void
on_tick(struct pico_loop *loop)
{
	if (!pending(loop) && loop->tick_ns < TICK_IDLE_NS)
		loop->tick_ns = 0;	/* the next wait sets the slow pace */
	if (loop->text != NULL)
		(void)flush(loop);	/* its error is kept, and asked for by the owner */
	pico_loop_look_at_clock(loop, pico_clock_ns());
	pico_loop_look_round(loop);
}

void
pico_loop_look_round(struct pico_loop *loop)
{
	if (loop->lwps.held > 0)
		pico_loop_release_overdue(loop);
	/* Each may make a record, and there may be no room for two. */
	if (!pico_loop_lose_first(loop))
		pico_loop_look_for_lost(loop);
}

/* 1: a stop or an end; 0: nothing is left; else -errno (-ECHILD: the table has more than there is). An empty
 * table is not enough: a child whose creator was killed before it could tell is unknown until its first
 * stop. A tracee that does not come to one is not ours (but one of the host's own doing). */
static int
wait_for_stop(struct pico_loop *loop, int64_t deadline, struct pico_raw *raw)
{
	struct pico_kernel *k = loop->kernel;
	int e = 0;

	if (loop->lwps.used > 0) {
		loop->empty_ns = 0;
	} else {
		e = k->wait(k, 0, raw);
		if (loop->empty_ns == 0)
			loop->empty_ns = pico_clock_ns();
		else if (e == 0 && pico_clock_ns() - loop->empty_ns > PICO_OVERDUE_NS)
			return 0;
	}
	if (e == 0) {
		pace(loop, deadline);
		e = k->wait(k, 1, raw);
	}
	return e == -ECHILD && loop->lwps.used == 0 ? 0 : e;
}

int
pico_loop_step(struct pico_loop *loop, int64_t deadline)
{
	struct pico_raw raw;
	struct pico_lwp *ready;
	int e;

	if (loop->lwps.held > 0 && loop->lwps.held == loop->lwps.used)
		pico_loop_release_all(loop);
	ready = pico_lwps_pop_ready(&loop->lwps);
	raw.have = 0;
	if (ready != NULL) {
		raw.id = loop->kernel->lwp_of != NULL ? ready->process->pid : ready->id;
		raw.status = ready->status;
	} else {
		if (loop->incomplete)
			pico_loop_attach_rest(loop);
		if (loop->parting) {
			pico_loop_part(loop);
			if (pico_loop_is_full(loop))
				return 1;
		}
		e = wait_for_stop(loop, deadline, &raw);
		if (e == -ECHILD)
			return pico_loop_lose_one(loop);
		if (e <= 0)
			return e;
	}
	loop->now = pico_clock_ns();
	pico_loop_look_at_clock(loop, loop->now);
	e = pico_loop_take(loop, &raw);
	loop->silent = 0;
	return e < 0 ? e : 1;
}

void
pico_loop_fail(struct pico_loop *loop, int error)
{
	if (error < 0 && error != -ESRCH && loop->failed == 0)
		loop->failed = error;
}

static int
tell_failure(struct pico_loop *loop)
{
	int e = loop->failed;

	if (handed_over(loop) > 0)
		return handed_over(loop);
	loop->failed = 0;
	return e;
}

/* It may take its time: what was recorded is handed over first. */
static int
ask_caller(struct pico_loop *loop)
{
	if (loop->text != NULL)
		(void)flush(loop);
	return handed_over(loop) > 0 ? handed_over(loop) : PICO_ASKS;
}

static int
next_events(struct pico_loop *loop, int64_t deadline)
{
	while (!has_enough(loop)) {
		if (loop->interrupted) {
			loop->interrupted = 0;
			loop->tick_ns = 0;
			return handed_over(loop) > 0 ? handed_over(loop) : -EINTR;
		}
		if (loop->failed < 0)
			return tell_failure(loop);
		if (loop->asking != NULL)
			return ask_caller(loop);
		if (loop->lwps.delayed > 0)
			pico_loop_wake(loop);
		int e = pico_loop_make_room(loop);
		if (e == 0)
			e = pico_loop_step(loop, deadline);
		if (e == 1)
			continue;
		if (e == -EINTR)
			on_tick(loop);
		else if (e < 0)
			loop->failed = e;
		if (handed_over(loop) > 0 || e == 0)
			return handed_over(loop);
		if (e == -EINTR && deadline != 0 && pico_clock_ns() >= (uint64_t)deadline)
			return -ETIMEDOUT;
		return e == -EINTR ? e : tell_failure(loop);
	}
	return handed_over(loop);
}

int
pico_loop_next(struct pico_loop *loop, struct pico_event *batch, int max, int64_t deadline)
{
	struct pico_lwp *current = loop->current;

	(void)pico_loop_syscall_cancel(loop);	/* left behind by an exception */
	if (loop->returned_ns != 0)
		pico_loop_pass_over(loop, loop->returned_ns);
	if (max < 1 && loop->mode != PICO_MODE_TEXT)
		return -EINVAL;
	loop->batch = batch;
	loop->filled = 0;
	loop->max = loop->mode == PICO_MODE_STOP ? 1 : max;
	loop->current = NULL;
	loop->gathered = 0;
	/* One whose stop has more to tell is in the ready list, and stays as it is. */
	if (current != NULL && !current->ready)
		pico_loop_let_go_on(loop, current);
	int n = next_events(loop, deadline);
	loop->shown = loop->filled > 0 ? batch[loop->filled - 1].kind : PICO_NONE;
	loop->batch = NULL;
	loop->filled = 0;
	loop->returned_ns = loop->lwps.held > 0 ? pico_clock_ns() : 0;
	return n;
}

void
pico_loop_interrupt(struct pico_loop *loop)
{
	loop->interrupted = 1;
	/* Ticks at this pace until the loop has seen it: one alone could come just before the wait. */
	(void)loop->kernel->tick(loop->kernel, TICK_PENDING_NS);
}
