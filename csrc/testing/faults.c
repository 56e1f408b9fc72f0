/*
 * A kernel that fails.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"

enum { SIGKILL_NUMBER = 9 };	/* on every system */

struct faults {
	struct pico_kernel ops;
	struct pico_kernel *below;
	struct pico_fault fault;
	struct pico_fault_call *calls;
	int count, room;
	int out_of_memory;	/* a call could not be noted: nothing may be made of the notes */
};

static struct faults *
faults_of(struct pico_kernel *k)
{
	return (struct faults *)k;
}

static int
fails(const struct faults *f, const struct pico_fault_call *call)
{
	if (f->fault.at == 0 || f->count < f->fault.at)
		return 0;
	if (f->count == f->fault.at)
		return 1;
	const struct pico_fault_call *first = &f->calls[f->fault.at - 1];
	if (f->fault.then == PICO_FAULT_KILLED)
		return call->pid == first->pid && call->pid != 0 && call->function != PICO_IN_KILL;
	return f->fault.then == PICO_FAULT_FOR_EVER && call->function == first->function;
}

/* Note a call; below 0: it fails so. */
static int
begin(struct pico_kernel *k, int function, int32_t pid, int32_t lwp)
{
	struct faults *f = faults_of(k);

	if (f->count == f->room) {
		int room = f->room * 2 + 64;
		struct pico_fault_call *more = realloc(f->calls, (size_t)room * sizeof(*more));
		if (more == NULL) {
			f->out_of_memory = 1;
			return -ENOMEM;
		}
		f->calls = more;
		f->room = room;
	}
	struct pico_fault_call *call = &f->calls[f->count++];
	*call = (struct pico_fault_call){ .function = function, .pid = pid, .lwp = lwp };
	call->result = fails(f, call) ? -f->fault.error : 0;
	return (int)call->result;
}

static int64_t
end(struct pico_kernel *k, int64_t result)
{
	struct faults *f = faults_of(k);

	f->calls[f->count - 1].result = result;
	return result;
}

static void
note_stop(struct pico_kernel *k, const struct pico_raw *raw)
{
	struct faults *f = faults_of(k);
	struct pico_fault_call *call = &f->calls[f->count - 1];

	call->lwp = raw->id;
	call->status = raw->status;
}

static int
has_ended(const struct faults *f, int32_t pid)
{
	for (int i = 0; i < f->count; i++)
		if (f->calls[i].function == PICO_IN_WAIT && f->calls[i].lwp == pid &&
		    (f->calls[i].status & 0xff) != 0x7f)
			return 1;
	return 0;
}

/* A script has no end for what is killed by the loop: it comes when there is nothing else. 1 or -ECHILD. */
static int
end_of_killed(const struct faults *f, struct pico_raw *raw)
{
	for (int i = 0; i < f->count; i++) {
		const struct pico_fault_call *call = &f->calls[i];
		if (call->function != PICO_IN_KILL || call->result < 0 || has_ended(f, call->pid))
			continue;
		memset(raw, 0, sizeof(*raw));
		raw->id = call->pid;
		raw->status = SIGKILL_NUMBER;
		return 1;
	}
	return -ECHILD;
}

static int
faulty_wait(struct pico_kernel *k, int block, struct pico_raw *raw)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_WAIT, 0, 0);

	if (e < 0)
		return e;
	e = below->wait(below, block, raw);
	if (e == -ECHILD)
		e = end_of_killed(faults_of(k), raw);
	if (e == 1)
		note_stop(k, raw);
	return (int)end(k, e);
}

static int
faulty_answer(struct pico_kernel *k, int32_t pid, struct pico_raw *raw, int needs)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_ANSWER, pid, raw->id);

	return e < 0 ? e : (int)end(k, below->answer(below, pid, raw, needs));
}

static int
faulty_resume(struct pico_kernel *k, int32_t pid, int32_t lwp, int how, int signo)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_RESUME, pid, lwp);

	return e < 0 ? e : (int)end(k, below->resume(below, pid, lwp, how, signo));
}

static int
faulty_spawn(struct pico_kernel *k, const struct pico_launch *launch, int report, struct pico_raw *first)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_SPAWN, 0, 0);

	if (e < 0)
		return e;
	e = (int)end(k, below->spawn(below, launch, report, first));
	if (e == 0)
		note_stop(k, first);
	return e;
}

static int
faulty_set_filter(struct pico_kernel *k, const void *program, uint32_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_SET_FILTER, 0, 0);

	return e < 0 ? e : (int)end(k, below->set_filter(below, program, size));
}

static int
faulty_keep_child(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *call, int over)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_KEEP_CHILD, pid, lwp);

	return e < 0 ? e : (int)end(k, below->keep_child(below, pid, lwp, call, over));
}

static int
faulty_attach(struct pico_kernel *k, int32_t pid, int report, int32_t *lwps, int max)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_ATTACH, pid, 0);

	return e < 0 ? e : (int)end(k, below->attach(below, pid, report, lwps, max));
}

static int
faulty_detach(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_DETACH, pid, lwp);

	return e < 0 ? e : (int)end(k, below->detach(below, pid, lwp, signo));
}

static int
faulty_interrupt(struct pico_kernel *k, int32_t pid, int32_t lwp)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_INTERRUPT, pid, lwp);

	return e < 0 ? e : (int)end(k, below->interrupt(below, pid, lwp));
}

static int
faulty_kill(struct pico_kernel *k, int32_t pid)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_KILL, pid, 0);

	return e < 0 ? e : (int)end(k, below->kill(below, pid));
}

/* Nothing is asked of the system that has not been asked before. */
static int
faulty_refusal(struct pico_kernel *k, int32_t pid, int error, int32_t *detail)
{
	struct pico_kernel *below = faults_of(k)->below;

	return below->refusal(below, pid, error, detail);
}

static int
faulty_children(struct pico_kernel *k, int32_t pid, int32_t *pids, int max)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_CHILDREN, pid, 0);

	return e < 0 ? e : (int)end(k, below->children(below, pid, pids, max));
}

static int
faulty_family(struct pico_kernel *k, int32_t lwp, int32_t *pid, int32_t *parent)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_FAMILY, 0, lwp);

	return e < 0 ? e : (int)end(k, below->family(below, lwp, pid, parent));
}

static int
faulty_program(struct pico_kernel *k, int32_t pid, char *name, size_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_PROGRAM, pid, 0);

	return e < 0 ? e : (int)end(k, below->program(below, pid, name, size));
}

static int64_t
faulty_image(struct pico_kernel *k, int32_t pid, int what, uint64_t offset, void *data, size_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_IMAGE, pid, 0);

	return e < 0 ? e : end(k, below->image(below, pid, what, offset, data, size));
}

static int64_t
faulty_read(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_READ, pid, lwp);

	return e < 0 ? e : end(k, below->read(below, pid, lwp, addr, data, size));
}

static int64_t
faulty_write(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_WRITE, pid, lwp);

	return e < 0 ? e : end(k, below->write(below, pid, lwp, addr, data, size));
}

static int
faulty_send(struct pico_kernel *k, int32_t pid, int32_t lwp, int signo)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_SEND, pid, lwp);

	return e < 0 ? e : (int)end(k, below->send(below, pid, lwp, signo));
}

static int
faulty_step_too(struct pico_kernel *k, int32_t pid, int32_t lwp)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_STEP_TOO, pid, lwp);

	return e < 0 ? e : (int)end(k, below->step_too(below, pid, lwp));
}

static int
faulty_set_siginfo(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *ev)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_SET_SIGINFO, pid, lwp);

	return e < 0 ? e : (int)end(k, below->set_siginfo(below, pid, lwp, ev));
}

static int64_t
faulty_get_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, void *regs, size_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_GET_REGS, pid, lwp);

	return e < 0 ? e : end(k, below->get_regs(below, pid, lwp, regs, size));
}

static int
faulty_set_regs(struct pico_kernel *k, int32_t pid, int32_t lwp, const void *regs, size_t size)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_SET_REGS, pid, lwp);

	return e < 0 ? e : (int)end(k, below->set_regs(below, pid, lwp, regs, size));
}

static int
faulty_alter(struct pico_kernel *k, int32_t pid, int32_t lwp, const struct pico_event *call, int what)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_ALTER, pid, lwp);

	return e < 0 ? e : (int)end(k, below->alter(below, pid, lwp, call, what));
}

static int
faulty_tick(struct pico_kernel *k, uint64_t interval_ns)
{
	struct pico_kernel *below = faults_of(k)->below;
	int e = begin(k, PICO_IN_TICK, 0, 0);

	return e < 0 ? e : (int)end(k, below->tick(below, interval_ns));
}

static void
faulty_close(struct pico_kernel *k)
{
	struct pico_kernel *below = faults_of(k)->below;

	below->close(below);
}

void
pico_faults_free(struct pico_kernel *k)
{
	struct faults *f = faults_of(k);

	free(f->calls);
	free(f);
}

struct pico_kernel *
pico_faults_open(struct pico_kernel *below, const struct pico_fault *fault)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->below = below;
	f->fault = *fault;
	f->ops = (struct pico_kernel){
		.os = below->os,
		.capabilities = below->capabilities,
		.decode = below->decode,
		.lwp_of = below->lwp_of,
		.result_of = below->result_of,
		.wait = faulty_wait,
		.answer = faulty_answer,
		.resume = faulty_resume,
		.spawn = faulty_spawn,
		.set_filter = below->set_filter != NULL ? faulty_set_filter : NULL,
		.keep_child = below->keep_child != NULL ? faulty_keep_child : NULL,
		.attach = faulty_attach,
		.detach = faulty_detach,
		.interrupt = faulty_interrupt,
		.kill = faulty_kill,
		.refusal = faulty_refusal,
		.children = faulty_children,
		.family = faulty_family,
		.program = faulty_program,
		.image = faulty_image,
		.read = faulty_read,
		.write = faulty_write,
		.send = below->send != NULL ? faulty_send : NULL,
		.step_too = below->step_too != NULL ? faulty_step_too : NULL,
		.set_siginfo = faulty_set_siginfo,
		.get_regs = faulty_get_regs,
		.set_regs = faulty_set_regs,
		.alter = faulty_alter,
		.tick = faulty_tick,
		.close = faulty_close,
	};
	return &f->ops;
}

int
pico_faults_calls(const struct pico_kernel *k, struct pico_fault_call *out, int max)
{
	const struct faults *f = (const struct faults *)k;
	int n = f->count < max ? f->count : max;

	if (f->out_of_memory)
		return -ENOMEM;
	if (n > 0)
		memcpy(out, f->calls, (size_t)n * sizeof(*out));
	return f->count;
}
