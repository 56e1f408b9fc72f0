/*
 * queued HOW LWPS COUNT: each LWP sends the next, between other calls, COUNT each of three real-time signals, the
 * highest first, with numbers. It says what each LWP's handler was given, in its order.
 *   masked: none is taken before all have been sent;
 *   open:   they come meanwhile.
 */
#include "tracee.h"

enum { LWPS = 8, KINDS = 3, MOST = 256 };

static struct lwp {
	pid_t id;
	pthread_t thread;
	volatile int caught, signos[MOST], values[MOST];
} lwps[LWPS];
static _Thread_local struct lwp *self;
static pthread_barrier_t all_there, all_sent;
static int masked, count, n;

static void
on_signal(int signo, siginfo_t *info, void *context)
{
	(void)context;
	self->signos[self->caught] = signo;
	self->values[self->caught] = info->si_value.sival_int;
	self->caught++;
}

static void *
work(void *arg)
{
	sigset_t all;

	self = arg;
	self->id = gettid();
	struct lwp *next = &lwps[(self - lwps + 1) % n];
	(void)sigfillset(&all);
	if (masked)
		WANT(pthread_sigmask(SIG_BLOCK, &all, NULL) == 0);
	(void)pthread_barrier_wait(&all_there);
	for (int i = 0; i < count; i++) {
		const union sigval value = { .sival_int = i };
		for (int kind = KINDS; kind > 0; kind--) {
			WANT(pthread_sigqueue(next->thread, SIGRTMIN + kind, value) == 0);
			(void)syscall(SYS_getppid);
		}
	}
	(void)pthread_barrier_wait(&all_sent);
	/* All that are still pending are delivered before this call is back. */
	WANT(pthread_sigmask(SIG_UNBLOCK, &all, NULL) == 0);
	return NULL;
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART };

	WANT(argc == 4);
	bounded();
	masked = strcmp(argv[1], "masked") == 0;
	n = atoi(argv[2]);
	count = atoi(argv[3]);
	WANT(n <= LWPS && KINDS * count <= MOST);
	WANT(pthread_barrier_init(&all_there, NULL, (unsigned)n + 1) == 0);
	WANT(pthread_barrier_init(&all_sent, NULL, (unsigned)n) == 0);
	(void)sigfillset(&action.sa_mask);	/* one handler after the other, in the order of delivery */
	for (int kind = 1; kind <= KINDS; kind++)
		WANT(sigaction(SIGRTMIN + kind, &action, NULL) == 0);
	for (int i = 0; i < n; i++)
		lwps[i].thread = start(work, &lwps[i]);
	(void)pthread_barrier_wait(&all_there);
	for (int i = 0; i < n; i++)
		WANT(pthread_join(lwps[i].thread, NULL) == 0);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < lwps[i].caught; k++)
			say("got %d %d %d", (int)lwps[i].id, lwps[i].signos[k], lwps[i].values[k]);
	return 0;
}
