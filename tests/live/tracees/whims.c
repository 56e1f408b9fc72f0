/*
 * whims FILE SEED: what the other tracees do one by one, in any order and inside of each other, as it is drawn from the
 * seed: children, LWPs and images that do the same, signals, faults, and all ways to end.
 */
#include "truth.h"

enum { ROOM = 300, EACH = 1000, DEEP = 3, ENOUGH = 200, LENGTH = 6 };

static char *program;
static uint64_t seed;
static _Thread_local uint64_t drawn;
/* A child of one of several LWPs may be without locks of the C library that another held. */
static atomic_int crowded;
static int bereft;

/* A number below that; of each account others. */
static unsigned
draw(unsigned below)
{
	drawn = drawn * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(drawn >> 33) % below;
}

static void
draws_its_own(void)
{
	drawn = seed * 1000 + (uint64_t)number_of(mine);
}

/* Who is stopped goes on when who would have continued it has died. */
static void
outlives_its_parent(void)
{
	WANT(DO(SYS_prctl, PR_SET_PDEATHSIG, SIGCONT) == 0);
}

static void lives(int depth);

/* Whether there is room for more who live. */
static int
has_room(int depth)
{
	return depth < DEEP && truth->used < ENOUGH && mine->records < EACH / 2;
}

static void
handler(int signo, siginfo_t *info, void *context)
{
	(void)context;
	if (mine == NULL)
		return;		/* the image has not opened its account yet */
	note(HANDLED, signo, (uint64_t)info->si_code, (uint64_t)info->si_value.sival_int);
}

static void
handles(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART };

	WANT(sigfillset(&action.sa_mask) == 0 && sigaction(SIGUSR1, &action, NULL) == 0 &&
	    sigaction(SIGRTMIN + 1, &action, NULL) == 0);
}

static void
naps(void)
{
	closes();
	(void)usleep(draw(2000));
	opens_again();
}

static void
sends(pid_t pid, pid_t lwp, int signo)
{
	(void)DO(SYS_tgkill, (uint64_t)pid, (uint64_t)lwp, (uint64_t)signo);
}

static void
signals_itself(void)
{
	sends(mine->pid, mine->lwp, draw(2) ? SIGUSR1 : SIGRTMIN + 1);
	mark(1);
}

/* Another LWP of this process, if one is found, that has opened its account: before that it would take another's. */
static void
signals_another(void)
{
	struct account *other = accounts() + draw(truth->used);

	if (other->pid == mine->pid && other->records > 1)
		sends(other->pid, other->lwp, SIGUSR1);
}

/* From here on no handler runs, for other LWPs' signals either. */
static void
holds_back(sigset_t *before)
{
	sigset_t handled;

	closes();
	WANT(sigemptyset(&handled) == 0 && sigaddset(&handled, SIGUSR1) == 0 &&
	    sigaddset(&handled, SIGRTMIN + 1) == 0 && pthread_sigmask(SIG_BLOCK, &handled, before) == 0);
	opens_again();
}

static void
dies(void)
{
	holds_back(NULL);
	switch (draw(4)) {
	case 0:
		note(DIES, SIGKILL, UNSEEN, 0);
		(void)DO(SYS_kill, (uint64_t)mine->pid, SIGKILL);
		break;
	case 1:
		note(DIES, SIGTERM, 0, 0);
		sends(mine->pid, mine->lwp, SIGTERM);
		break;
	case 2:
		note(DIES, SIGSEGV, 0, 0);
		*(volatile int *)(uintptr_t)8 = 1;
		break;
	default:
		note(DIES, SIGABRT, 0, 0);
		sends(mine->pid, mine->lwp, SIGABRT);
	}
	for (;;)
		(void)DO(SYS_ppoll);
}

/* What a parent does to its child before it waits for that, or does not. */
static void
treats(pid_t child, const struct account *account)
{
	mark((int)draw(3));
	switch (draw(6)) {
	case 0:
		return;
	case 1:
		/* It has said what is to become of it without us, and come back from that. */
		if (account->records > 2) {
			(void)DO(SYS_kill, (uint64_t)child, SIGSTOP);
			naps();
			(void)DO(SYS_kill, (uint64_t)child, SIGCONT);
		}
		break;
	case 2:
		if (account->records > 1)
			sends(child, child, SIGUSR1);
	}
	(void)waits(child);
}

static void
has_child(int depth)
{
	static const uint64_t kinds[] = { SIGCHLD, SIGCHLD, 0, CLONE_FILES | CLONE_FS | SIGCHLD, CLONE_VFORK | SIGCHLD };
	uint64_t flags = kinds[draw(sizeof(kinds) / sizeof(kinds[0]))];
	const struct account *account = accounts() + truth->used;

	pid_t child = forks(flags & CLONE_VFORK ? VFORKED : FORKED, flags);
	if (child == 0) {
		bereft = crowded;
		draws_its_own();
		outlives_its_parent();
		lives(depth + 1);
		exits((int)draw(256));
	}
	if (child > 0)
		treats(child, account);
}

static void
ends_vforked(void)
{
	outlives_its_parent();
	mark(2);
	switch (draw(4)) {
	case 0:
		dies();
		break;
	case 1:
		(void)executes("/nonexistent/program");
		break;
	case 2:
		(void)executes(program);
	}
	exits((int)draw(256));
}

/* No signal comes while who it is for is not who takes it: memory is shared, and so is whose account it is. */
static void
has_vfork_child(void)
{
	sigset_t before;

	holds_back(&before);
	const struct account *account = accounts() + truth->used;
	pid_t child = vforks(ends_vforked);
	closes();
	WANT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
	opens_again();
	if (child > 0)
		treats(child, account);
}

static void *
as_lwp(void *own)
{
	opens(own);
	draws_its_own();
	lives(DEEP - 1);
	closes();
	return NULL;
}

static void
has_lwp(void)
{
	struct account *next = account(CREATED);
	pthread_t lwp;

	crowded = 1;
	closes();
	/* While another LWP executes an image, the kernel makes none. */
	while (pthread_create(&lwp, NULL, as_lwp, next) != 0)
		(void)sched_yield();
	if (draw(2))
		WANT(pthread_detach(lwp) == 0);
	else
		WANT(pthread_join(lwp, NULL) == 0);
	opens_again();
}

static void
does(int depth)
{
	switch (draw(17)) {
	case 0: case 1: case 2:
		if (has_room(depth))
			has_child(depth);
		break;
	case 3: case 4: case 5:
		if (has_room(depth - 1) && !bereft)
			has_lwp();
		break;
	case 16:
		if (has_room(depth))
			has_vfork_child();
		break;
	case 6:
		if (has_room(depth) && draw(3) == 0)
			(void)executes(program);
		break;
	case 7:
		WANT(executes("/nonexistent/program") == -ENOENT);
		break;
	case 8: case 9:
		signals_itself();
		break;
	case 10:
		signals_another();
		break;
	case 11:
		naps();
		break;
	case 12:
		if (depth > 0 && draw(3) == 0)
			dies();
		break;
	case 13:
		if (depth > 0 && draw(3) == 0)
			exits((int)draw(256));
		break;
	default:
		mark((int)draw(9));
	}
}

static void
lives(int depth)
{
	for (unsigned left = draw(LENGTH) + 1; left > 0; left--)
		does(depth);
}

int
main(int argc, char **argv)
{
	WANT(argc >= 3);
	bounded();
	program = argv[0];
	map_truth(argv[1], ROOM, EACH);
	if (strcmp(argv[2], "image") != 0)
		WANT(setenv("SEED", argv[2], 1) == 0);
	seed = strtoull(getenv("SEED"), NULL, 10);
	handles();
	int image = is_image(argv);
	if (!image)
		opens(account(ROOT));
	draws_its_own();
	lives(image);
	mark(1);
	if (draw(3) == 0)
		(void)DO(SYS_exit, 11);
	exits(11);
}
