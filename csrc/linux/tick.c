/*
 * Ticks: a timer that interrupts the wait of the one thread that owns a loop.
 *
 * A timer of SIGEV_THREAD_ID sends its signal to that thread alone; the handler does nothing but
 * note it, and the wait returns EINTR. The timer repeats, so that a tick which comes just before the
 * wait is not the last. The disposition of a signal belongs to the whole process, hence the count of
 * users here, the only static state of the Linux kernel file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "linux_kernel.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid	/* glibc before 2.37 does not name it; timer_create(2) does */
#endif

static pthread_mutex_t users_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;
static struct sigaction before;
static _Thread_local volatile sig_atomic_t ticked;
static _Thread_local sigjmp_buf *volatile escape;

/* The last real-time signal: the one that programs are least likely to use. */
int
pico_linux_tick_signal(void)
{
	return SIGRTMAX;
}

static void
on_tick(int signo)
{
	sigjmp_buf *to = escape;

	(void)signo;
	ticked = 1;
	escape = NULL;
	if (to != NULL)
		siglongjmp(*to, 1);
}

static int
use_handler(void)
{
	int e = 0;

	pthread_mutex_lock(&users_lock);
	if (users == 0) {
		struct sigaction sa;
		memset(&sa, 0, sizeof(sa));
		sa.sa_handler = on_tick;	/* no SA_RESTART: the wait is to be interrupted */
		sigemptyset(&sa.sa_mask);
		if (sigaction(pico_linux_tick_signal(), &sa, &before) < 0)
			e = -errno;
	}
	if (e == 0)
		users++;
	pthread_mutex_unlock(&users_lock);
	return e;
}

static void
drop_handler(void)
{
	pthread_mutex_lock(&users_lock);
	if (--users == 0)
		(void)sigaction(pico_linux_tick_signal(), &before, NULL);
	pthread_mutex_unlock(&users_lock);
}

int
pico_linux_tick_open(struct linux_kernel *k)
{
	struct sigevent event;
	sigset_t tick, old;

	ticked = 0;	/* also makes the thread's copy, which a handler must not be the first to do */
	escape = NULL;
	int e = use_handler();
	if (e < 0)
		return e;
	sigemptyset(&tick);
	sigaddset(&tick, pico_linux_tick_signal());
	(void)pthread_sigmask(SIG_UNBLOCK, &tick, &old);
	k->tick_was_blocked = sigismember(&old, pico_linux_tick_signal());
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event.sigev_signo = pico_linux_tick_signal();
	event.sigev_notify_thread_id = k->thread;
	if (timer_create(CLOCK_MONOTONIC, &event, &k->timer) < 0) {
		e = -errno;
		drop_handler();
		return e;
	}
	return 0;
}

void
pico_linux_tick_close(struct linux_kernel *k)
{
	struct timespec none = { 0, 0 };
	sigset_t tick;

	(void)timer_delete(k->timer);
	/* One that is still pending would meet the disposition of before, which may be to die. */
	sigemptyset(&tick);
	sigaddset(&tick, pico_linux_tick_signal());
	(void)pthread_sigmask(SIG_BLOCK, &tick, NULL);
	while (sigtimedwait(&tick, NULL, &none) > 0)
		continue;
	drop_handler();
	if (!k->tick_was_blocked)
		(void)pthread_sigmask(SIG_UNBLOCK, &tick, NULL);
}

int
pico_linux_tick(struct pico_kernel *kernel, uint64_t interval_ns)
{
	struct linux_kernel *k = (struct linux_kernel *)kernel;
	struct itimerspec every;

	every.it_interval.tv_sec = (time_t)(interval_ns / 1000000000u);
	every.it_interval.tv_nsec = (long)(interval_ns % 1000000000u);
	every.it_value = every.it_interval;
	return timer_settime(k->timer, 0, &every, NULL) < 0 ? -errno : 0;
}

void
pico_linux_tick_lend(struct linux_kernel *k, uint64_t interval_ns, struct itimerspec *before)
{
	(void)timer_gettime(k->timer, before);	/* cannot fail: the timer is ours, and `before` there */
	(void)pico_linux_tick(&k->ops, interval_ns);
}

void
pico_linux_tick_return(struct linux_kernel *k, const struct itimerspec *before)
{
	(void)timer_settime(k->timer, 0, before, NULL);	/* as above */
}

void
pico_linux_tick_escape(sigjmp_buf *to)
{
	escape = to;
}

int
pico_linux_tick_was_ignored(void)
{
	return before.sa_handler == SIG_IGN;
}

int
pico_linux_ticked(void)
{
	if (!ticked)
		return 0;
	ticked = 0;
	return 1;
}
