/*
 * Whose turn it is among the LWPs of a process. Let go all together, the newest comes to its next stop first, and
 * then has the others stop before they have done anything; where it makes calls without end they get no turn, and
 * each stop takes a tick of the clock until they stand (10.99.12: proc_unstop(), proc_stop_callout()).
 *
 * So in rounds: each that could run is let go alone, one after the other, until it is about to enter a call; then
 * all together, for a call may wait for what another does. One that makes none has a slice of time, which a
 * SIGSTOP of ours ends.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/sysctl.h>

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "../core/bytes.h"
#include "abi.h"
#include "netbsd_kernel.h"

/* How many stops nobody is looked for, where only one could run. */
enum { REST = 8 };
#define SLICE_NS 10000000ull

/* One that is ending comes to no other stop: let go alone, it would leave the others stopped for ever. During an
 * execve nobody tells that it is; and one that is about to enter one waits for the others' turns (execve.c). */
int
pico_netbsd_can_run(const struct netbsd_tracee *t, const struct kinfo_lwp *lwp)
{
	return t->execing == 0 && lwp->l_stat == LSSTOP && lwp->l_wmesg[0] == '\0' && lwp->l_lid != t->to_exec &&
	    !pico_netbsd_has_lwp(&t->ending, lwp->l_lid);
}

static void
list(struct netbsd_tracee *t)
{
	size_t count = 0;
	struct kinfo_lwp *all = pico_netbsd_lwps(t->pid, &count);

	if (all != NULL && (t->turns = malloc(count * sizeof(*t->turns))) != NULL)
		for (size_t i = 0; i < count; i++)
			if (pico_netbsd_can_run(t, &all[i]))
				t->turns[t->turn_count++] = (struct netbsd_turn){ .lwp = all[i].l_lid };
	free(all);
}

void
pico_netbsd_turns_end(struct netbsd_tracee *t)
{
	free(t->turns);
	t->turns = NULL;
	t->turn_count = t->turn = 0;
}

static void
begin(struct netbsd_tracee *t)
{
	if (t->rest > 0 && t->to_exec == 0) {
		t->rest--;
		return;
	}
	list(t);
	if (t->turn_count < 2 && t->to_exec == 0) {
		pico_netbsd_turns_end(t);
		t->rest = REST;
	}
}

static void
had(struct netbsd_tracee *t, int32_t lwp)
{
	for (uint32_t i = 0; i < t->turn_count; i++)
		if (t->turns[i].lwp == lwp)
			t->turns[i].had = 1;
}

void
pico_netbsd_slice(struct netbsd_tracee *t, int32_t lwp)
{
	t->alone = lwp;
	t->alone_until_ns = pico_netbsd_now() + SLICE_NS;
}

int32_t
pico_netbsd_turn(struct netbsd_tracee *t)
{
	/* A call that was answered is left out for whoever goes on first (10.99.12: trace_enter(), PSL_SYSCALLEMU is
	 * the process's). */
	if (t->answered && t->lwp != 0) {
		if (t->to_exec == t->lwp)
			t->to_exec = 0;
		pico_netbsd_slice(t, t->lwp);
		return t->alone;
	}
	if (t->execing != 0)
		return 0;
	if (t->turn_count == 0)
		begin(t);
	if (t->inside)
		had(t, t->lwp);
	while (t->turn < t->turn_count && t->turns[t->turn].had)
		t->turn++;
	if (t->turn < t->turn_count) {
		pico_netbsd_slice(t, t->turns[t->turn].lwp);
		return t->alone;
	}
	pico_netbsd_turns_end(t);
	return 0;
}

uint64_t
pico_netbsd_slice_left(struct netbsd_tracee *t, uint64_t now)
{
	if (t->alone == 0 || t->stands || t->slice_ends)
		return UINT64_MAX;
	if (now < t->alone_until_ns)
		return t->alone_until_ns - now;
	if (!t->stop_asked && kill(t->pid, SIGSTOP) == 0)
		t->slice_ends = 1;
	had(t, t->alone);
	t->alone = 0;
	return UINT64_MAX;
}

int
pico_netbsd_is_slice_end(struct netbsd_tracee *t)
{
	uint8_t siginfo[NETBSD_PSI_SIZE];

	if (!t->slice_ends)
		return 0;
	t->slice_ends = 0;
	/* Somebody else's was there before: that is told, and ours was no other. */
	return !t->stop_asked && (pico_netbsd_siginfo(t->pid, siginfo) < 0 ||
	    pico_i32(siginfo + NETBSD_PSI_SIGNO) != SIGSTOP || pico_i32(siginfo + NETBSD_PSI_PID) == getpid());
}
