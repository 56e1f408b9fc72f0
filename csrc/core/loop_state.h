/*
 * What the files of the loop share, and nobody else sees.
 */
#ifndef PICO_LOOP_STATE_H
#define PICO_LOOP_STATE_H

#include "loop.h"
#include "lwps.h"

struct pico_filter {
	const uint8_t *bits;
	int32_t first;
	uint32_t count;
	int others;
};

struct pico_limit {
	uint64_t calls;			/* are recorded before it is reached; 0: it has none, or no more */
	uint64_t at_ns;			/* it is reached then; 0: at no time */
	int reached;			/* all are let go */
};

struct pico_rest {
	int wanted;
	int lost;			/* there was no memory for one */
	int count, room;
	struct pico_event *records;
};

struct pico_loop {
	struct pico_kernel *kernel;
	struct pico_lwps lwps;
	uint32_t events;
	int follow;
	int mode;
	int closing;
	int incomplete;			/* a process is */
	int whole_results;		/* also where that takes a step of the tracee's */
	int filtered;			/* what is spawned has our filter in the kernel */
	int silent;			/* the stop in hand is of an LWP of which nothing is reported */
	volatile int interrupted;
	uint64_t seq;
	uint64_t now;			/* when the stop in hand was taken */
	uint64_t tick_ns;		/* the interval the kernel ticks at; 0: it does not */
	const struct pico_names *syscalls[PICO_ABIS];
	struct pico_filter filters[PICO_ABIS];
	struct pico_filter errors;
	uint64_t slower_than_ns;
	struct pico_text *text;
	uint64_t looked_ns;		/* when stops were looked for that another wait may have taken */
	uint64_t returned_ns;		/* when the caller got what it was given last, if an LWP is held; else 0 */
	uint64_t empty_ns;		/* since when the table is empty; 0: it is not */
	uint64_t wake_ns;		/* the first of those that are delayed is to go on then, or a later one */
	struct pico_limit limit;
	int parting;			/* a process is to be let go, and its LWPs have not been looked at */
	int attached;			/* to some process, ever */
	struct pico_lwp *current;	/* STOP mode: stands still for the event returned last, */
	int32_t current_lwp;		/* which is this LWP's: another's where its process stopped as a whole, */
	uint16_t shown;			/* and whose kind this is */
	int32_t gathered;		/* its process, where the other LWPs of that stand as well; 0: they may not */
	int asks;			/* whether a process with a new image is to be traced on, */
	struct pico_lwp *asking;	/* of this one, which is in the ready list */
	int calling;			/* it makes a call for the caller, which is under way */
	struct pico_event call;
	struct pico_event *batch;	/* of the call to pico_loop_next that is under way */
	int filled, max;
	struct pico_rest rest;		/* what is recorded while it is closed */
	int32_t root;			/* the first process that was spawned; PICO_ROOT_LEFT */
	struct pico_event root_end;
	int failed;			/* -errno: what the kernel refused, which the caller has not been told of */
	int left_behind;		/* -errno: closing, it did not let go of one that stands */
};

/* No event is under way for so long: the creator was on its way into that very stop when the child
 * was made, and the child, to its first. */
#define PICO_OVERDUE_NS 1000000000ull

/* The root was let go: how it ends is not ours to know, and its pid may be another's one day. */
#define PICO_ROOT_LEFT (-1)

uint64_t pico_clock_ns(void);

/* loop.c: what came of something that was asked of the kernel: where it was refused, the caller is told so when it has
 * got what was recorded before. 0 and above: it was not; -ESRCH: killed, and its end follows. */
void pico_loop_fail(struct pico_loop *, int error);
/* leave.c: attach to the LWPs that incomplete processes have besides those that we know. */
void pico_loop_attach_rest(struct pico_loop *);
/* leave.c: have those stop that are to be let go, and let go of those that stand. */
void pico_loop_part(struct pico_loop *);
/* leave.c: let go of a process whose first LWP alone is left, and has exited, of which nobody was told: where nobody had
 * asked for that, or others of it are not traced. 1: there was one. */
int pico_loop_lose_first(struct pico_loop *);
/* loop.c: at a tick: what will not be told of any more is taken in, or taken up. */
void pico_loop_look_round(struct pico_loop *);
/* lost.c: take up what another wait has taken, once a second at most. */
void pico_loop_look_for_lost(struct pico_loop *);
/* There is nothing to wait for: make an end of one LWP that the table still has. 0: it has none. */
int pico_loop_lose_one(struct pico_loop *);
/* wants.c: whether that event was asked for. */
int pico_loop_wants(const struct pico_loop *, const struct pico_event *);
/* Whether calls of that number are. */
int pico_loop_chooses(const struct pico_loop *, int abi, int32_t sysnum);
/* limit.c: there is something to trace again: it has no limit where the one there was has been reached. */
void pico_loop_pass_limit(struct pico_loop *);
/* An event of that kind was recorded. */
void pico_loop_count(struct pico_loop *, uint16_t kind);
/* What happens from now on may be too late to be recorded. */
void pico_loop_look_at_clock(struct pico_loop *, uint64_t now);
/* Whether such an event is. */
int pico_loop_is_beyond(const struct pico_loop *, uint16_t kind);
/* delay.c: when it would be resumed: 1, it stands still for a while longer. */
int pico_loop_put_off(struct pico_loop *, struct pico_lwp *);
/* It is not to stand any longer. */
void pico_loop_hurry(struct pico_loop *, struct pico_lwp *);
/* Have those go on that have stood long enough. */
void pico_loop_wake(struct pico_loop *);

/* ask.c: at its new image, whether the LWP waits for an answer. */
int pico_loop_ask(struct pico_loop *, struct pico_lwp *);
/* loop.c: give an event its number and hand it to the sink, if it was asked for; returns 1 if so. */
int pico_loop_emit(struct pico_loop *, const struct pico_process *, struct pico_event *);
/* rest.c: keep a record until the loop is freed. */
void pico_loop_put_rest(struct pico_loop *, const struct pico_event *);
/* loop.c: whether there is no room for another record until the caller has got those that there are. */
int pico_loop_is_full(const struct pico_loop *);
/* loop.c: room in the text for one more stop. -EINTR: its reader lets it wait, and a signal or a tick has
 * come; a stalled reader holds up the tracees, but not the tracer's signals. */
int pico_loop_make_room(struct pico_loop *);
/* loop.c: take what has stopped, or wait for it. 1: took one; 0: nothing is left; else -errno. */
int pico_loop_step(struct pico_loop *, int64_t deadline);
/* loop.c: let a standing LWP go on, in the way its last stop asks for. */
void pico_loop_resume(struct pico_loop *, struct pico_lwp *);

/* filter.c: whether it may run on to the next call that the kernel's filter chooses. */
int pico_loop_runs_on(const struct pico_loop *, const struct pico_lwp *);
/* At an SCE: what a filter, ours or the program's own, asks to be done about the call. */
void pico_loop_filtered_entry(struct pico_loop *, struct pico_lwp *, const struct pico_decoded *);
/* At its SCX: what was done for a child to be traced is undone. */
void pico_loop_kept(struct pico_loop *, struct pico_lwp *);

/* take.c: take one stop or end: update the table, report it. 0 or -errno. */
int pico_loop_take(struct pico_loop *, struct pico_raw *);
/* Have a stop decoded, and what the decoder lacks answered. 0 or -errno. */
int pico_loop_decode(struct pico_loop *, const struct pico_lwp *, struct pico_raw *, struct pico_decoded *);
/* Report an event of an LWP that stands, and go on. May free it. */
void pico_loop_report(struct pico_loop *, struct pico_lwp *, struct pico_event *);
/* After its event: the LWP stands still while the caller looks at it, or goes on. May free it. */
void pico_loop_go_on(struct pico_loop *, struct pico_lwp *, int emitted);
/* The caller has looked at it: it goes on, or leaves. May free it. */
void pico_loop_let_go_on(struct pico_loop *, struct pico_lwp *);

/* whose.c: the LWP that a stop is of, NULL: not known. 0 or -errno. */
int pico_loop_whose(struct pico_loop *, struct pico_raw *, struct pico_lwp **);
/* Whether it is another's all the same, which has got that LWP's id. */
int pico_loop_is_anothers(struct pico_loop *, const struct pico_lwp *, const struct pico_decoded *);

/* births.c: at the first stop of an LWP, what has to be recorded before it. 1: something was, and the LWP has
 * been dealt with. */
int pico_loop_born(struct pico_loop *, struct pico_lwp *, const struct pico_raw *, const struct pico_decoded *);
/* The same of one that will not stop any more. 1: something was, and there may be no room for more. */
int pico_loop_was_there(struct pico_loop *, struct pico_lwp *);

/* call.c */
void pico_loop_take_entry(struct pico_loop *, struct pico_lwp *, struct pico_decoded *);
int pico_loop_take_exit(struct pico_loop *, struct pico_lwp *, struct pico_event *);
/* The stop after a step for a whole result, or what came in its place. */
void pico_loop_take_whole_result(struct pico_loop *, struct pico_lwp *, struct pico_raw *,
    const struct pico_decoded *);

/* ends.c */
void pico_loop_take_end(struct pico_loop *, struct pico_lwp *, struct pico_event *);
void pico_loop_take_leader_exit(struct pico_loop *, struct pico_lwp *, struct pico_event *);
/* Before an end or a new image: take in LWPs and children whose creator was killed before it could tell.
 * 1: the stop in hand is to be taken again after them. */
int pico_loop_orphans_first(struct pico_loop *, struct pico_lwp *, const struct pico_raw *,
    const struct pico_decoded *);

/* alter.c: a call that was changed at its SCE has come to its SCX, whose record this is. 0 or -errno. */
int pico_loop_altered(struct pico_loop *, struct pico_lwp *, struct pico_event *);
/* Have the call that it stands at not executed, and fail with that error. 0 or -errno. */
int pico_loop_refuse(struct pico_loop *, struct pico_lwp *, int error);

/* deliver.c: the LWP that stands still for the caller, if that is the one; else NULL. Where a process stops as a whole,
 * it may have another id: that one is resumed. */
struct pico_lwp *pico_loop_standing_lwp(const struct pico_loop *, int32_t lwp);
/* gather.c: that one, or one that was gathered beside it; else NULL. */
const struct pico_lwp *pico_loop_seen_lwp(const struct pico_loop *, int32_t lwp);

/* result.c: at the exit of a call whose result the record has only half of: have one instruction of the
 * LWP run. 1: that is under way; 0: there is no need for it, or the half has to do. */
int pico_loop_step_for_result(struct pico_loop *, struct pico_lwp *, struct pico_event *);
/* result.c: the stop after it, or what came in its place: complete the result, as far as that can be had. */
void pico_loop_stepped(struct pico_loop *, struct pico_lwp *, struct pico_raw *, const struct pico_decoded *,
    struct pico_event *);

/* image.c: the arguments and so on of a new image, where the text is to have them. */
void pico_loop_write_image(struct pico_loop *, const struct pico_process *);

/* leave.c: let an LWP that stands still go for good. Frees it. */
void pico_loop_leave(struct pico_loop *, struct pico_lwp *);
/* leave.c: it is not traced any more; with the last one, its process. Frees it. */
void pico_loop_left(struct pico_loop *, struct pico_lwp *);

/* hold.c: LWPs that stop before the event of their creator has come. */
int pico_loop_hold(struct pico_loop *, struct pico_lwp *held, const struct pico_raw *);
int pico_loop_new_process(struct pico_loop *, struct pico_lwp *creator, int32_t child);
int pico_loop_new_lwp(struct pico_loop *, struct pico_lwp *creator, int32_t lwp);
/* The creator's event will not come: its process has ended or has a new image. */
void pico_loop_release_orphans(struct pico_loop *, int32_t pid);
/* Nor where nobody is left who could be the creator. */
void pico_loop_release_all(struct pico_loop *);
/* Nor for those that have waited longer than any event can be under way: their creator is one that
 * /proc could not name (CLONE_PARENT). */
void pico_loop_release_overdue(struct pico_loop *);
/* The time since then counts for none that is held: nothing was waited for, what is under way has had to wait as well. */
void pico_loop_pass_over(struct pico_loop *, uint64_t since);

#endif
