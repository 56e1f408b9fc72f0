/*
 * What the files of the script share, and nobody else sees.
 */
#ifndef PICO_SCRIPT_STATE_H
#define PICO_SCRIPT_STATE_H

#include "script.h"

struct script {
	struct pico_kernel ops;
	struct pico_scripted *stops;
	unsigned char *played;		/* of each stop: whether it was */
	int count, last;		/* the stop played last, -1: none */
	struct pico_request *requests;
	int asked, room;
	struct pico_raw before, changed;	/* of the last call that was changed */
};

struct script *pico_script_of(struct pico_kernel *);

/* script_requests.c */
/* Write down that something was asked. 0 or -ENOMEM. */
int pico_script_note(struct pico_kernel *, int asked, int32_t lwp, int how, int signo);
int pico_script_resume(struct pico_kernel *, int32_t pid, int32_t lwp, int how, int signo);
int pico_script_detach(struct pico_kernel *, int32_t pid, int32_t lwp, int signo);
int pico_script_interrupt(struct pico_kernel *, int32_t pid, int32_t lwp);
int pico_script_kill(struct pico_kernel *, int32_t pid);
int pico_script_send(struct pico_kernel *, int32_t pid, int32_t lwp, int signo);
int pico_script_step_too(struct pico_kernel *, int32_t pid, int32_t lwp);
int pico_script_set_siginfo(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *);
int pico_script_keep_child(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *call, int over);
int pico_script_note_about(struct pico_kernel *, int asked, int32_t lwp, int how, int signo,
    const struct pico_event *about);

/* script_stops.c */
/* Whether a process stands still, where whole processes do. (LWPs that stop one by one may be resumed behind the
 * loop's back.) */
int pico_script_stands(const struct script *, int32_t id);
int pico_script_wait(struct pico_kernel *, int block, struct pico_raw *);
int pico_script_answer(struct pico_kernel *, int32_t pid, struct pico_raw *, int needs);
int pico_script_spawn(struct pico_kernel *, const struct pico_launch *, int report, struct pico_raw *first);
int pico_script_attach(struct pico_kernel *, int32_t pid, int report, int32_t *lwps, int max);

/* script_tracee.c */
int64_t pico_script_get_regs(struct pico_kernel *, int32_t pid, int32_t lwp, void *, size_t);
int pico_script_set_regs(struct pico_kernel *, int32_t pid, int32_t lwp, const void *, size_t);
int pico_script_alter(struct pico_kernel *, int32_t pid, int32_t lwp, const struct pico_event *call, int what);
int pico_script_children(struct pico_kernel *, int32_t pid, int32_t *pids, int max);
int pico_script_family(struct pico_kernel *, int32_t lwp, int32_t *pid, int32_t *parent);
int pico_script_program(struct pico_kernel *, int32_t pid, char *name, size_t size);
int64_t pico_script_image(struct pico_kernel *, int32_t pid, int what, uint64_t offset, void *, size_t);
int64_t pico_script_read(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, void *, size_t);
int64_t pico_script_write(struct pico_kernel *, int32_t pid, int32_t lwp, uint64_t addr, const void *, size_t);

#endif
