/*
 * What the tracer changes of the LWP that stands still: its registers, and the call it stands in; and what it
 * asks of it besides.
 */
#include <errno.h>
#include <string.h>

#include "loop_state.h"

int64_t
pico_loop_get_regs(struct pico_loop *loop, int32_t lwp, void *regs, size_t size)
{
	const struct pico_lwp *l = pico_loop_seen_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	return k->get_regs != NULL ? k->get_regs(k, l->process->pid, lwp, regs, size) : -EOPNOTSUPP;
}

int64_t
pico_loop_get_regset(struct pico_loop *loop, int32_t lwp, uint32_t set, void *regs, size_t size)
{
	const struct pico_lwp *l = pico_loop_seen_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	return k->get_regset != NULL ? k->get_regset(k, l->process->pid, lwp, set, regs, size) : -EOPNOTSUPP;
}

int
pico_loop_set_regs(struct pico_loop *loop, int32_t lwp, const void *regs, size_t size)
{
	const struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	return k->set_regs != NULL ? k->set_regs(k, l->process->pid, lwp, regs, size) : -EOPNOTSUPP;
}

/* The call as it stands now: how the LWP is to be resumed depends on its number, and so does its ABI. */
static int
decode_entry_again(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *call, struct pico_decoded *d)
{
	struct pico_raw raw = { .id = loop->kernel->lwp_of != NULL ? l->process->pid : l->id, .status = l->status };

	l->in_call = 0;	/* it is the entry that is to be decoded */
	int e = pico_loop_decode(loop, l, &raw, d);
	l->in_call = 1;
	if (e < 0)
		return e;
	l->resume = d->resume;
	call->abi = d->event.abi;
	call->nargs = d->event.nargs;
	return 0;
}

static int
answer(struct pico_loop *loop, struct pico_lwp *l, const struct pico_event *call)
{
	struct pico_event now = *call;
	struct pico_decoded d = { 0 };
	int e = loop->kernel->alter(loop->kernel, l->process->pid, l->id, call, PICO_ALTER_ANSWER);

	if (e < 0)
		return e;
	l->answered = e == 1 ? PICO_ANSWERED : PICO_ANSWERED_NOW;
	l->error = call->error;
	l->retval[0] = call->retval[0];
	if (l->answered == PICO_ANSWERED_NOW) {
		pico_lwps_push_ready(&loop->lwps, l, l->status);
		return 0;
	}
	return decode_entry_again(loop, l, &now, &d);
}

int
pico_loop_refuse(struct pico_loop *loop, struct pico_lwp *l, int error)
{
	struct pico_event call = { .abi = l->abi, .sysnum = l->sysnum, .error = error };

	return answer(loop, l, &call);
}

static int
change(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *call, int what)
{
	struct pico_decoded d = { 0 };
	int e = loop->kernel->alter(loop->kernel, l->process->pid, l->id, call, what);

	if (e < 0)
		return e;
	l->altered = 1;
	if (what & PICO_ALTER_NUMBER || l->process->filtered)
		e = decode_entry_again(loop, l, call, &d);
	/* What was done about the call as it was is undone, and done about this one. */
	pico_loop_kept(loop, l);
	pico_names_trim(call->abi < PICO_ABIS ? loop->syscalls[call->abi] : NULL, call);
	l->abi = call->abi;
	l->sysnum = call->sysnum;
	l->nargs = call->nargs;
	memcpy(l->args, call->args, sizeof(l->args));
	if (e == 0)
		pico_loop_filtered_entry(loop, l, &d);
	return e;
}

int
pico_loop_alter(struct pico_loop *loop, int32_t lwp, struct pico_event *call, int what)
{
	struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	const int entry = PICO_ALTER_NUMBER | PICO_ALTER_ARGS;

	if (l == NULL)
		return -EBUSY;
	if (loop->kernel->alter == NULL)
		return -EOPNOTSUPP;
	if (loop->shown == PICO_SCX && what == PICO_ALTER_RESULT)
		return loop->kernel->alter(loop->kernel, l->process->pid, lwp, call, what);
	if (loop->shown != PICO_SCE)
		return -EINVAL;
	if (what == PICO_ALTER_ANSWER)
		return answer(loop, l, call);
	if (what == 0 || (what & ~entry) != 0 || l->answered)
		return -EINVAL;
	return change(loop, l, call, what);
}

int
pico_loop_altered(struct pico_loop *loop, struct pico_lwp *l, struct pico_event *ev)
{
	int what = l->answered == PICO_ANSWERED ? PICO_ALTER_RESULT : 0;
	int altered = l->altered;

	if (l->answered) {
		ev->error = l->error;
		ev->retval[0] = l->error != 0 ? 0 : l->retval[0];
		ev->retval[1] = 0;
	}
	l->altered = l->answered = 0;
	if (what == 0 && !altered)
		return 0;
	return loop->kernel->alter(loop->kernel, l->process->pid, l->id, ev, what);
}

static int
go_on_calling(struct pico_loop *loop, int how)
{
	struct pico_kernel *k = loop->kernel;
	struct pico_lwp *l = loop->current;
	int e = k->syscall(k, l->process->pid, l->id, &loop->call, how);

	loop->calling = e == -EINTR;
	if (e == 1)
		l->process->confined = 1;
	/* Whatever it has come to is still to be waited for, and it does not go on before. */
	if (e == -ESRCH)
		l->resume = PICO_RESUME_GONE;
	return e < 0 ? e : 0;
}

int
pico_loop_syscall(struct pico_loop *loop, int32_t lwp, struct pico_event *call)
{
	struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);

	if (l == NULL)
		return -EBUSY;
	if (loop->kernel->syscall == NULL)
		return -EOPNOTSUPP;
	if ((loop->shown != PICO_SCE && loop->shown != PICO_SCX) || l->answered == PICO_ANSWERED_NOW)
		return -EINVAL;
	if (l->resume == PICO_RESUME_GONE)
		return -ESRCH;
	int how = loop->calling ? PICO_SYSCALL_GO_ON : PICO_SYSCALL_BEGIN;
	if (!loop->calling) {
		loop->call = *call;
		loop->call.kind = loop->shown;
		l->again = loop->shown == PICO_SCE;
	}
	int e = go_on_calling(loop, how);
	*call = loop->call;
	return e;
}

int
pico_loop_syscall_cancel(struct pico_loop *loop)
{
	return loop->calling ? go_on_calling(loop, PICO_SYSCALL_CANCEL) : 0;
}

static int
step(struct pico_loop *loop, int32_t lwp, uint32_t capability, uint8_t how)
{
	struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);

	if (l == NULL)
		return -EBUSY;
	if (!(loop->kernel->capabilities & capability))
		return -EOPNOTSUPP;
	if (!(loop->events & 1u << PICO_SINGLESTEP))
		return -EINVAL;
	int too = l->id != lwp;	/* it stands for the stop of another, and that one is resumed */
	if (too)
		l = pico_lwps_find_in(&loop->lwps, l->process, lwp);
	l->stepped = how;
	return too && loop->kernel->step_too != NULL ? loop->kernel->step_too(loop->kernel, l->process->pid, lwp) : 0;
}

int
pico_loop_step_one(struct pico_loop *loop, int32_t lwp)
{
	return step(loop, lwp, PICO_CAN_STEP, PICO_RESUME_STEP);
}

int
pico_loop_step_block(struct pico_loop *loop, int32_t lwp)
{
	return step(loop, lwp, PICO_CAN_STEP_BLOCK, PICO_RESUME_BLOCK);
}

int
pico_loop_breakpoint(struct pico_loop *loop, int32_t lwp, uint64_t addr, int set)
{
	struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	if (k->breakpoint == NULL)
		return -EOPNOTSUPP;
	if (!(loop->events & 1u << PICO_BREAKPOINT))
		return -EINVAL;
	int e = k->breakpoint(k, l->process->pid, lwp, addr, set);
	if (e == 0)
		l->breaks = 1;
	return e;
}

int
pico_loop_dump_core(struct pico_loop *loop, int32_t lwp, const char *path)
{
	const struct pico_lwp *l = pico_loop_standing_lwp(loop, lwp);
	struct pico_kernel *k = loop->kernel;

	if (l == NULL)
		return -EBUSY;
	return k->dump_core != NULL ? k->dump_core(k, l->process->pid, path) : -EOPNOTSUPP;
}
