/*
 * What a tracee really did, for the test to hold the trace against. Each LWP has an account in a file that all of the
 * program's processes have mapped: a record costs no system call, and what is in it survives SIGKILL.
 *
 * An account that is open (from its OPENS to its CLOSES) has every call of its LWP, so that in the trace there is
 * no other between these. Outside of that a C library may do what it likes, but for markers.
 *
 * truth.py has the layout, and says what a trace must have.
 */
#ifndef TRUTH_H
#define TRUTH_H

#include "tracee.h"

/* How an LWP came to be. */
enum { ROOT = 1, FORKED, VFORKED, CREATED, EXECUTED };

/* What is recorded. The first three are calls. */
enum {
	CALL = 1,
	OPENS,
	CLOSES,
	HANDLED,	/* a signal whose handler has been run: number, si_code, si_value */
	ENDED,		/* a child that was waited for: its pid, its status as wait(2) has it */
	DIES,		/* a signal that is about to come, and to kill; UNSEEN: it is not seen arriving */
	IGNORES,	/* a signal that is about to come, and does nothing */
	CALL32,		/* a call of the machine's 32-bit kind */
};

enum { UNSEEN = 1 };

struct record {
	_Atomic uint32_t what;	/* 0: not yet made. Set last */
	int32_t number;
	uint32_t before;	/* by the clock that all share; 0: none */
	_Atomic uint32_t after;	/* 0: it has not returned */
	uint64_t args[6];
	int64_t result;		/* as the kernel gives it; before it returns, what a marker will give */
};

struct account {
	_Atomic int32_t pid;	/* set last */
	_Atomic int32_t lwp;
	int32_t how;
	int32_t from;		/* the account of its creator, or of its former image; -1: none */
	atomic_uint records;
	uint32_t unused;
};

/* The first page of the file. */
struct truth {
	uint32_t accounts;	/* there is room for, */
	uint32_t records;	/* and of each */
	atomic_uint used;	/* accounts */
	atomic_uint clock;
	atomic_uint go;		/* set by the test, for programs that wait for it */
	atomic_uint ready;	/* counted up by the program */
	uint32_t inside;	/* a pid namespace of its own */
};
enum { TRUTH_HEAD = 4096 };

static struct truth *truth;
__attribute__((unused)) static const char *truth_file;
__attribute__((unused)) static int nothing = -1;	/* a file without contents */
static _Thread_local struct account *mine;

static struct account *
accounts(void)
{
	return (struct account *)((char *)truth + TRUTH_HEAD);
}

static int
number_of(const struct account *account)
{
	return (int)(account - accounts());
}

static struct record *
records_of(const struct account *account)
{
	struct record *all = (struct record *)(accounts() + truth->accounts);
	return all + (size_t)number_of(account) * truth->records;
}

static uint32_t
tick(void)
{
	return atomic_fetch_add(&truth->clock, 1) + 1;
}

/* An account for an LWP that is about to be made. */
__attribute__((unused)) static struct account *
account(int how)
{
	unsigned number = atomic_fetch_add(&truth->used, 1);
	WANT(number < truth->accounts);
	struct account *made = accounts() + number;
	made->how = how;
	made->from = mine != NULL ? number_of(mine) : -1;
	return made;
}

/* In a pid namespace: the ids outside, as the mount of /proc has them. */
__attribute__((unused)) static void
take_outside(struct account *account)
{
	char link[64];
	int pid, lwp;

	ssize_t n = readlink("/proc/thread-self", link, sizeof(link) - 1);
	WANT(n > 0);
	link[n] = '\0';
	WANT(sscanf(link, "%d/task/%d", &pid, &lwp) == 2);
	account->lwp = lwp;
	account->pid = pid;
}

/* Said by the LWP whose account it is. */
__attribute__((unused)) static void
take(struct account *account)
{
	mine = account;
	if (truth->inside) {
		take_outside(account);
		return;
	}
	account->lwp = (int32_t)syscall(SYS_gettid);
	account->pid = (int32_t)syscall(SYS_getpid);
}

__attribute__((unused)) static void
map_truth(const char *file, unsigned of, unsigned each)
{
	size_t size = TRUTH_HEAD + of * sizeof(struct account) + (size_t)of * each * sizeof(struct record);
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	truth_file = file;
	WANT(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	truth = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	WANT(truth != MAP_FAILED && close(fd) == 0);
	truth->accounts = of;
	truth->records = each;
	nothing = memfd_create("nothing", MFD_CLOEXEC);
	WANT(nothing >= 0);
	/* How many of these come for the ends of several children is not for us to say. */
	sigset_t chld;
	WANT(sigemptyset(&chld) == 0 && sigaddset(&chld, SIGCHLD) == 0 && sigprocmask(SIG_BLOCK, &chld, NULL) == 0);
}

/* Room for one more; a signal's handler may take the next. */
static struct record *
next_record(void)
{
	unsigned number = atomic_fetch_add(&mine->records, 1);
	WANT(number < truth->records);
	return records_of(mine) + number;
}

__attribute__((unused)) static void
note(int what, int number, uint64_t first, uint64_t second)
{
	struct record *record = next_record();

	record->number = number;
	record->args[0] = first;
	record->args[1] = second;
	record->before = tick();
	record->what = (uint32_t)what;
}

__attribute__((unused)) static struct record *
enters(int what, long number, const uint64_t args[6])
{
	struct record *record = next_record();

	record->number = (int32_t)number;
	memcpy(record->args, args, sizeof(record->args));
	record->before = tick();
	record->what = (uint32_t)what;
	return record;
}

__attribute__((unused)) static long
leaves(struct record *record, long got)
{
	record->result = got == -1 ? -errno : got;
	record->after = tick();
	return record->result;
}

/* A call, with its result as the kernel gives it: -errno where it fails. */
#define DO(number, ...) do_call(number, (const uint64_t[6]){ __VA_ARGS__ })
__attribute__((unused)) static long
do_call(long number, const uint64_t a[6])
{
	struct record *record = enters(CALL, number, a);
	return leaves(record, syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/*
 * A marker: a call that does nothing, with a result that is known before it is made, with the LWP and the number of
 * its record in its arguments. One of these:
 *   an offset of a file without contents is moved, and returned; or an unknown whence, a bad descriptor;
 *   all six arguments of an unknown operation on a futex, of a mapping without a length, of a number that
 *   is no call's; five of an unknown prctl(2).
 */
static void
mark_as(int what)
{
	struct record *record = next_record();
	uint64_t index = (uint64_t)(record - records_of(mine));
	uint64_t tag = UINT64_C(0x4d) << 56 | (uint64_t)(uint32_t)mine->lwp << 32 | index;
	const struct { long number; uint64_t args[6]; int64_t result; } markers[] = {
		{ SYS_lseek, { (uint64_t)nothing, tag, SEEK_SET }, (int64_t)tag },
		{ SYS_lseek, { (uint64_t)nothing, tag, 9 }, -EINVAL },
		{ SYS_futex, { tag, 127, index, tag + 1, tag + 2, index + 3 }, -ENOSYS },
		{ SYS_lseek, { 0xffffffff, tag, SEEK_SET }, -EBADF },
		{ SYS_mmap, { tag, 0, index, MAP_PRIVATE | MAP_ANONYMOUS, 0xffffffff, tag + 1 }, -EINVAL },
		{ 1000, { tag, ~tag, index, ~index, tag + 1, tag + 2 }, -ENOSYS },
		{ SYS_prctl, { 0x7fff0000, tag, ~tag, index, tag + 1 }, -EINVAL },
	};
	size_t kind = index % (sizeof(markers) / sizeof(markers[0]));
	const uint64_t *a = markers[kind].args;

	record->number = (int32_t)markers[kind].number;
	memcpy(record->args, a, sizeof(record->args));
	record->result = markers[kind].result;
	record->before = tick();
	record->what = (uint32_t)what;
	long got = syscall(record->number, a[0], a[1], a[2], a[3], a[4], a[5]);
	got = got == -1 ? -errno : got;
	record->after = tick();
	WANT(got == markers[kind].result);
}

__attribute__((unused)) static void
mark(int times)
{
	while (times-- > 0)
		mark_as(CALL);
}

__attribute__((unused)) static void
opens(struct account *account)
{
	take(account);
	mark_as(OPENS);
}

__attribute__((unused)) static void
opens_again(void)
{
	mark_as(OPENS);
}

__attribute__((unused)) static void
closes(void)
{
	mark_as(CLOSES);
}

/* For the case that the child is killed before it can say so itself. */
__attribute__((unused)) static void
told_of(struct account *child, pid_t pid)
{
	/* Inside of a namespace it is not the one that is meant. */
	if (!truth->inside) {
		child->lwp = pid;
		child->pid = pid;
	}
}

/* fork(2) with flags of clone(2); in the child, which has opened its account, 0. Negative: none can be made, since
 * another LWP is about to execute an image. */
__attribute__((unused)) static pid_t
forks(int how, uint64_t flags)
{
	struct account *child = account(how);
	const uint64_t args[6] = { flags };
	struct record *record = enters(CALL, SYS_clone, args);

	long got = syscall(SYS_clone, flags, 0, 0, 0, 0);
	if (got == 0) {
		opens(child);
		return 0;
	}
	if (leaves(record, got) == -EAGAIN)
		return -1;
	WANT(got > 0);
	told_of(child, (pid_t)got);
	return (pid_t)got;
}

__attribute__((unused, noreturn)) static void
exits(int status)
{
	(void)DO(SYS_exit_group, (uint64_t)status);
	__builtin_unreachable();
}

/* Waits for a child, of whatever kind, and tells how it ended. */
__attribute__((unused)) static int
waits(pid_t child)
{
	int status;

	WANT(DO(SYS_wait4, (uint64_t)child, (uintptr_t)&status, __WALL) == child);
	note(ENDED, (int)child, (uint64_t)status, 0);
	return status;
}

/* An LWP of this process, made by the C library between two records. */
__attribute__((unused)) static pthread_t
creates(void *(*run)(void *))
{
	return start(run, account(CREATED));
}

/* The same by vfork(2), of the C library: its child is on its parent's stack. Ends in the child by `does`. */
__attribute__((unused)) static pid_t
vforks(void (*does)(void))
{
	struct account *parent = mine, *child = account(VFORKED);

	closes();
	pid_t pid = vfork();
	if (pid == 0) {
		opens(child);
		does();
		_exit(98);
	}
	mine = parent;
	WANT(pid > 0 || errno == EAGAIN);
	if (pid > 0)
		told_of(child, pid);
	opens_again();
	return pid;
}

/*
 * The program once more, in another image: with "image" and the number of its account for arguments after the
 * file. Comes back, with -errno, where it fails.
 */
__attribute__((unused)) static long
executes(const char *program)
{
	char number[16];
	char *argv[] = { (char *)program, (char *)truth_file, "image", number, NULL };

	(void)snprintf(number, sizeof(number), "%d", number_of(account(EXECUTED)));
	return DO(SYS_execve, (uintptr_t)program, (uintptr_t)argv, (uintptr_t)environ);
}

__attribute__((unused)) static int
is_image(char **argv)
{
	if (argv[2] == NULL || strcmp(argv[2], "image") != 0)
		return 0;
	opens(accounts() + atoi(argv[3]));
	return 1;
}

#endif
