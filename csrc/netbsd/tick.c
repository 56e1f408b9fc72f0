/*
 * Ticks: what makes the wait return in time. The queue's timer does, or a byte that wakes it; where the kernel is
 * alone it does not sleep on the queue, and a timer's signal interrupts it, again and again, so that one that comes
 * just before the wait is not the last.
 */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "netbsd_kernel.h"

static volatile sig_atomic_t ticked;

static void
on_tick(int signo)
{
	(void)signo;
	ticked = 1;
}

int
pico_netbsd_ticked(void)
{
	if (!ticked)
		return 0;
	ticked = 0;
	return 1;
}

int
pico_netbsd_tick(struct pico_kernel *kernel, uint64_t interval_ns)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	uint32_t interval_us = (uint32_t)((interval_ns + 999) / 1000);
	int saved = errno, e = 0;

	/* From another thread and from a signal handler, too. */
	uint32_t before = atomic_exchange(&k->tick_us, interval_us);
	if (k->waits_for_any) {
		const struct timespec every = { (time_t)(interval_us / 1000000), (long)(interval_us % 1000000) * 1000 };
		const struct itimerspec ticks = { every, every };
		e = timer_settime(k->timer, 0, &ticks, NULL) < 0 ? -errno : 0;
	} else if (before != interval_us && atomic_load(&k->sleeps)) {
		(void)!write(k->wake[1], "", 1);	/* a full pipe wakes as well */
	}
	errno = saved;
	return e;
}

/* The last real-time signal: the one that programs are least likely to use. */
static int
tick_signal(void)
{
	return SIGRTMAX;
}

static int
is_default(int signo)
{
	struct sigaction action;

	return sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_DFL;
}

/* What is spawned is to find the signal as this program did; and children that nobody waits for have no ends. */
static int
can_tick_by_signal(void)
{
	sigset_t blocked;

	(void)sigprocmask(SIG_BLOCK, NULL, &blocked);
	return is_default(tick_signal()) && !sigismember(&blocked, tick_signal()) && is_default(SIGCHLD);
}

void
pico_netbsd_alone(struct pico_kernel *kernel)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct sigaction action;
	struct sigevent event;

	/* A child that it has already was here before this program was executed. */
	if (waitpid(-1, NULL, WNOHANG | WNOWAIT) >= 0 || errno != ECHILD || !can_tick_by_signal())
		return;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = tick_signal();
	if (timer_create(CLOCK_MONOTONIC, &event, &k->timer) < 0)
		return;
	memset(&action, 0, sizeof(action));
	action.sa_handler = on_tick;	/* no SA_RESTART: the wait is to be interrupted */
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(tick_signal(), &action, NULL);
	k->waits_for_any = 1;
}

void
pico_netbsd_tick_close(struct netbsd_kernel *k)
{
	if (!k->waits_for_any)
		return;
	k->waits_for_any = 0;
	(void)timer_delete(k->timer);
	(void)signal(tick_signal(), SIG_IGN);	/* one that is pending still is no more */
	(void)signal(tick_signal(), SIG_DFL);
}
