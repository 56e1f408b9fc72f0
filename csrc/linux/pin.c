/*
 * Pinning: while one LWP makes nearly all the calls, and many of them, it shares a processor with the tracer. A stop
 * is two context switches, and between processors each takes several times as long.
 *
 * A program can ask on which processors it may run. Before it does, and before another LWP or process that has
 * inherited its answer runs, what was there before is put back, so that what it is told is true.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi.h"
#include "calls.h"
#include "decode.h"
#include "linux_kernel.h"

/* So many stops are looked at together; no more than FEW of them may be others'. */
enum { STOPS = 256, FEW = STOPS / 16 };
/* Stops a second: from which on it is worth it (from one processor to another there are some 30,000 at most), and
 * below which it is over. */
enum { OFTEN = 8000, SELDOM = 2000 };
/* So long at most: then the system may choose a processor again, and the one it chooses is taken. */
#define LONGEST_NS 1000000000ll
#define SECOND_NS 1000000000ll

static int64_t
now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static int
is_on(pid_t id, int cpu)
{
	cpu_set_t set;

	return sched_getaffinity(id, sizeof(set), &set) == 0 && CPU_COUNT(&set) == 1 && CPU_ISSET(cpu, &set);
}

/* Put a mask back, unless somebody else has changed it since. ESRCH: it has ended. */
static void
put_back(pid_t id, int cpu, const cpu_set_t *before)
{
	if (is_on(id, cpu))
		(void)sched_setaffinity(id, sizeof(*before), before);
}

void
pico_linux_unpin(struct linux_kernel *k)
{
	struct linux_pin *p = &k->pin;

	if (p->lwp == 0)
		return;
	put_back(p->lwp, p->cpu, &p->before);
	put_back(k->thread, p->cpu, &p->tracer);
	p->last = p->lwp;
	p->lwp = 0;
	p->count = p->others = 0;
}

static int32_t
process_of(int32_t lwp)
{
	int64_t process;

	return pico_linux_status_field(lwp, "Tgid", &process) == 0 ? (int32_t)process : 0;
}

/* It is not pinned again. One that cannot be remembered is not to be pinned at all. */
static void
never(struct linux_kernel *k, int32_t lwp)
{
	int32_t process = process_of(lwp);

	if (process == 0 || pico_linux_ids_put(&k->pin.never, process, 1) < 0)
		k->pin.mode = PICO_PIN_OFF;
}

/* Where the tracer is now, if that LWP may run there, too. */
static int
choose_cpu(const struct linux_pin *p)
{
	int cpu = sched_getcpu();

	return cpu >= 0 && cpu < CPU_SETSIZE && CPU_ISSET(cpu, &p->tracer) && CPU_ISSET(cpu, &p->before) ? cpu : -1;
}

static void
pin(struct linux_kernel *k, int32_t lwp, int64_t now)
{
	struct linux_pin *p = &k->pin;
	int32_t process = process_of(lwp);
	cpu_set_t one;

	if (process == 0 || pico_linux_ids_find(&p->never, process) != NULL || k->other != NULL || pico_linux_first() != k)
		return;
	/* EINVAL: there are more processors than the sets here have room for. */
	if (sched_getaffinity(k->thread, sizeof(p->tracer), &p->tracer) < 0 ||
	    sched_getaffinity(lwp, sizeof(p->before), &p->before) < 0)
		return;
	p->cpu = choose_cpu(p);
	if (p->cpu < 0 || CPU_COUNT(&p->before) == 1)
		return;
	CPU_ZERO(&one);
	CPU_SET((size_t)p->cpu, &one);
	if (sched_setaffinity(lwp, sizeof(one), &one) < 0)
		return;
	p->lwp = lwp;
	p->pinned_ns = now;
	if (sched_setaffinity(k->thread, sizeof(one), &one) < 0)
		pico_linux_unpin(k);
}

/* A call's stop, or that of an instruction: the others do not come in such numbers. */
static int
comes_often(int32_t status)
{
	int why = status >> 8;

	return why == LINUX_SYSCALL_STOP || why == SIGTRAP || why == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
}

/* A second's worth of stops, at the pace since the count began. */
static int64_t
pace(const struct linux_pin *p, int64_t now)
{
	return (int64_t)(p->count + p->others) * SECOND_NS / (now - p->since_ns + 1);
}

static void
count_again(struct linux_pin *p, int32_t lwp, int64_t now)
{
	p->hot = lwp;
	p->count = p->others = 0;
	p->since_ns = now;
}

void
pico_linux_pin_stopped(struct linux_kernel *k, int32_t lwp, int32_t status)
{
	struct linux_pin *p = &k->pin;

	if (!WIFSTOPPED(status) && lwp == p->lwp)
		pico_linux_unpin(k);
	if (!comes_often(status))
		return;
	if (lwp == p->last)
		p->last = 0;	/* it is not making one of which we have not heard */
	if (lwp == p->hot)
		p->count++;
	else if (++p->others > FEW && p->lwp != 0)
		pico_linux_unpin(k);
	if (p->count + p->others < STOPS)
		return;
	int64_t now = now_ns();
	if (p->lwp == 0 && p->others <= FEW && pace(p, now) >= OFTEN)
		pin(k, p->hot, now);
	else if (p->lwp != 0 && (pace(p, now) < SELDOM || now - p->pinned_ns > LONGEST_NS))
		pico_linux_unpin(k);
	count_again(p, p->lwp != 0 ? p->lwp : lwp, now);
}

void
pico_linux_pin_tick(struct linux_kernel *k)
{
	struct linux_pin *p = &k->pin;
	int64_t now = now_ns();

	if (p->lwp == 0 || now - p->since_ns < SECOND_NS / SELDOM * STOPS)
		return;
	if (pace(p, now) < SELDOM)
		pico_linux_unpin(k);
	count_again(p, p->hot, now);
}

void
pico_linux_pin_blind(struct linux_kernel *k)
{
	pico_linux_unpin(k);
	k->pin.mode = PICO_PIN_OFF;
}

void
pico_linux_pin_entry(struct linux_kernel *k, const struct pico_raw *raw)
{
	struct pico_event call;

	/* This kernel does not say. */
	if (raw->syscall_info[LINUX_INFO_OP] == LINUX_OP_UNTOLD) {
		pico_linux_pin_blind(k);
		return;
	}
	if (!pico_linux_entry_of(raw, &call))
		return;
	/* The kernel does not tell of every child: of none where they are not followed, of one never (CLONE_UNTRACED). */
	if (pico_linux_makes_another(&call)) {
		pico_linux_unpin(k);
		k->pin.count = k->pin.others = 0;	/* nor is it pinned before it has come back from there */
		return;
	}
	if (!pico_linux_is(&call, LINUX_SCHED_GETAFFINITY) && !pico_linux_is(&call, LINUX_SCHED_SETAFFINITY) &&
	    !pico_linux_is(&call, LINUX_GETCPU))
		return;
	pico_linux_unpin(k);
	k->pin.last = 0;
	never(k, raw->id);
}

void
pico_linux_pin_made(struct linux_kernel *k, int32_t creator, int32_t child)
{
	struct linux_pin *p = &k->pin;

	/* It was unpinned to make it. */
	if (creator != p->lwp && creator != p->last)
		return;
	put_back(child, p->cpu, &p->before);
	never(k, child);
	if (p->lwp != 0 && process_of(child) == process_of(p->lwp))
		pico_linux_unpin(k);
}

void
pico_linux_pin_renamed(struct linux_kernel *k, int32_t before, int32_t now)
{
	if (k->pin.lwp == before)
		k->pin.lwp = now;
}

int
pico_linux_set_pin(struct pico_kernel *kernel, int cpu)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	struct linux_pin *p = &k->pin;
	cpu_set_t one;

	p->mode = cpu;
	if (cpu < 0)
		return 0;
	if (cpu >= CPU_SETSIZE || sched_getaffinity(k->thread, sizeof(p->tracer), &p->tracer) < 0)
		return -EINVAL;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(k->thread, sizeof(one), &one) < 0) {
		p->mode = PICO_PIN_OFF;
		return -errno;
	}
	p->cpu = cpu;
	return 0;
}

void
pico_linux_pin_close(struct linux_kernel *k)
{
	struct linux_pin *p = &k->pin;

	pico_linux_unpin(k);
	if (p->mode >= 0)
		put_back(k->thread, p->cpu, &p->tracer);
	pico_linux_ids_free(&p->never);
}
