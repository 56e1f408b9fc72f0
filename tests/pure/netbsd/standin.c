/*
 * A stand-in for NetBSD: csrc/netbsd is linked with this in place of its system, and runs on any. A process of two
 * LWPs is attached to; its stops are those on the command line, and what is asked of the system is printed.
 *
 * usage: standin WORD ...
 *
 * release9			LWPs have ids of their process's own, and siginfo does not say of which event a trap is
 * hosts			it is a child of the host's
 * catches			it has handlers for all signals
 * ignores			it ignores them
 * counts			it is told how many signals it has taken
 * narrow			it is a program of 32 bits
 * linux			of another system
 * one				there is one LWP
 * little			there is room for one LWP at a time when it is attached to
 * stopped			it is stopped when it is attached to, and no wait for any child finds it any more
 * masks			the first LWP masks SIGUSR1
 * orphan			process 20 is traced already, and nobody has told of it
 * anothers			it was made by process 30, which another kernel of this program has attached to
 * alone			the kernel is told so
 * busy				it is in an execve when it is first attached to
 * STOP, CONT, USR1, TSTP	it stops for that signal, of the tracer's own
 * STOP!			and of somebody else's
 * SCE, SCX			an LWP stops at a call
 * SCE=				and had come to it before
 * result			the one that is to be passed a signal gets the result of a call, and goes no further
 * EXECVE			and at the entry of that one; in its registers is ENOENT
 * EXEC				it has another program, of this system, and as wide as that
 * TRACE, TRACE!			it has executed one instruction; none yet, it is where it was
 * SEGV, SEGV!			a fault; and one elsewhere
 * SEGV?			that signal, sent by somebody
 * AGAIN			one more stop, for the signal that it goes on with
 * takes			and before its next one it takes that
 * SCE+, SCX+, TRACE!+		so it is with its second LWP
 * too				another LWP is to take a step, too
 * pass				the signal of its last stop is passed on
 * instead			SIGUSR1 is
 * step				it is to go on from its last stop for that alone
 * return			or out of a call
 * answer			the call is not executed
 * change			it is to have other arguments
 * auxv				what its program was given is looked at
 * nocalls			calls are not to be seen, from its last stop on
 * exits			ends of LWPs are to be reported, though calls are not seen
 * FORK				it has made process 20, which does the same for it
 * LWP				another LWP stops, which it has made
 * GONE				which is about to end
 * END, KILLED			it ends, by itself or by a signal
 * killed			between a look at its last stop and its being waited for
 * 20:WORD			so it is with another process; each of these takes 0.2 ms
 * taken:WORD			and somebody else's wait is told of it
 * missed			during the next sleep such a stop is looked for
 * -				it does not stop; the next sleep is over after 20 ms
 * dead				it is killed where it stands
 * barred			it is to be sent no signals any more
 * poor				from its next stop on there is no memory for what its LWPs do
 * interrupt, detach		the kernel is asked to, when it comes to that
 */
#include <sys/param.h>
#include <sys/event.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/bytes.h"
#include "core/kernel.h"
#include "netbsd/abi.h"

#define LONGEST_NS 10000000000ll

enum { PID = 10, CHILD = 20, PARENT = 30, ME = 1, OTHER = 2, PIDS = 100 };

static struct pico_kernel *kernel;
static char **words;
static long long now_ns;
static struct ptrace_siginfo told[PIDS];
static int stands[PIDS];
static int release9, one, hosts, catches, ignores, counts, taken, results, orphan, dead, barred, poor, narrow, foreign, stopped;
static int passed_on;
static lwpid_t masking;
static int masks[PIDS];
static unsigned long pc[2] = { 0x1000, 0x2000 };	/* of each LWP */

int *__errno(void);
int *
__errno(void)
{
	static int number;
	return &number;
}

static const struct {
	const char *name;
	int signo;
} signals[] = {
	{ "-", 0 }, { "STOP", SIGSTOP }, { "CONT", SIGCONT }, { "USR1", SIGUSR1 }, { "TSTP", SIGTSTP }, { "SCE", SIGTRAP },
	{ "SCX", SIGTRAP }, { "FORK", SIGTRAP }, { "EXECVE", SIGTRAP }, { "LWP", SIGTRAP }, { "GONE", SIGTRAP },
	{ "TRACE", SIGTRAP }, { "EXEC", SIGTRAP }, { "SEGV", SIGSEGV }, { "KILL", SIGKILL },
};

static lwpid_t
first_lwp(pid_t pid)
{
	return release9 ? 1 : pid;
}

static const char *
name_of(int signo)
{
	for (size_t i = 0; i < __arraycount(signals); i++)
		if (signals[i].signo == signo)
			return signo == SIGTRAP ? "TRAP" : signals[i].name;
	return "?";
}

static int
is_next(const char *word)
{
	int is = *words != NULL && strcmp(*words, word) == 0;

	words += is;
	return is;
}

/* What is asked. */

static void
set_mask(pid_t pid, int events)
{
	int changed = masks[pid] != 0 ? masks[pid] ^ events : 0;

	if (changed & PTRACE_LWP_EXIT)
		printf("%s ends of LWPs\n", events & PTRACE_LWP_EXIT ? "with" : "without");
	masks[pid] = events;
}

/* One entry of it, and the last. */
static void
read_auxv(struct ptrace_io_desc *io)
{
	const uint32_t words[] = { AT_PAGESZ, 4096, 0, 0 };

	for (size_t i = 0; i < __arraycount(words); i++)
		if (narrow)
			((uint32_t *)io->piod_addr)[i] = words[i];
		else
			((uint64_t *)io->piod_addr)[i] = words[i];
	io->piod_len = __arraycount(words) * (narrow ? sizeof(uint32_t) : sizeof(uint64_t));
}

int
ptrace(int request, pid_t pid, void *addr, int data)
{
	struct ptrace_lwpstatus *lwp = addr;
	ptrace_state_t *state = addr;
	siginfo_t *si = pid < PIDS ? &told[pid].psi_siginfo : NULL;

	if (dead) {
		errno = EBUSY;
		return -1;
	}
	if (request == PT_SYSCALL || request == PT_CONTINUE || request == PT_STEP)
		stands[pid] = 0;
	switch (request) {
	case PT_ATTACH:
		if (is_next("busy")) {
			printf("busy\n");
			errno = EBUSY;
			return -1;
		}
		break;
	case PT_GET_SIGINFO:
		memcpy(addr, &told[pid], sizeof(told[pid]));
		if (release9 && (si->si_code == TRAP_CHLD || si->si_code == TRAP_LWP))
			((struct ptrace_siginfo *)addr)->psi_siginfo.si_pe_report_event = 0;
		break;
	case PT_GET_PROCESS_STATE:
		state->pe_report_event = si->si_pe_report_event;
		state->pe_other_pid = si->si_pe_other_pid;
		break;
	case PT_LWPNEXT:
		lwp->pl_lwpid = lwp->pl_lwpid == 0 ? first_lwp(pid) : lwp->pl_lwpid == first_lwp(pid) && !one ?
		    first_lwp(pid) + 1 : 0;
		break;
	case PT_SYSCALL:
		passed_on = data;
		if (data < 0)
			printf("%d SYSCALL of LWP %d\n", pid, -data);
		else
			printf("%d SYSCALL %s\n", pid, name_of(data));
		break;
	case PT_STEP:
		printf("%d STEP of LWP %d\n", pid, -data);
		break;
	case PT_SET_EVENT_MASK:
		if (((ptrace_event_t *)addr)->pe_set_event != 0)
			set_mask(pid, ((ptrace_event_t *)addr)->pe_set_event);
		break;
	case PT_IO:
		read_auxv(addr);
		break;
	case PT_SYSCALLEMU:
		printf("SYSCALLEMU\n");
		break;
	case PT_SET_SIGINFO:
		printf("SET_SIGINFO\n");
		break;
	case PT_GETREGS:
		memset(addr, 0, sizeof(struct reg));
		PTRACE_REG_PC((struct reg *)addr) = pc[data != first_lwp(pid)];
		PTRACE_REG_INTRV((struct reg *)addr) = results ? 0 : ENOENT;
		break;
#ifdef __x86_64__
	case PT_SETREGS:
		if (narrow)
			printf("result %ld %ld\n", ((struct reg *)addr)->regs[_REG_RAX], ((struct reg *)addr)->regs[_REG_RDX]);
		break;
#endif
	case PT_SUSPEND:
		printf("SUSPEND %d\n", data);
		break;
	case PT_RESUME:
		printf("RESUME %d\n", data);
		break;
	case PT_LWPSTATUS:
		memset(&lwp->pl_sigmask, 0, sizeof(lwp->pl_sigmask));
		if (lwp->pl_lwpid == masking)
			sigaddset(&lwp->pl_sigmask, SIGUSR1);
		break;
	case PT_SETSTEP:
		printf("SETSTEP %d\n", data);
		break;
	case PT_CLEARSTEP:
		printf("CLEARSTEP %d\n", data);
		break;
	case PT_CONTINUE:
		if (data < 0)
			printf("CONTINUE LWP %d\n", -data);
		else
			printf("CONTINUE %s\n", name_of(data));
		break;
	case PT_DETACH:
		printf("DETACH %s\n", name_of(data));
		break;
	default:
		break;
	}
	return 0;
}

int
kill(pid_t pid, int signo)
{
	printf("kill %s\n", name_of(signo));
	if (dead)
		stands[pid] = 0;
	errno = EPERM;
	return -barred;
}

pid_t
getpid(void)
{
	return ME;
}

/* What comes. */

static int
stop_of(pid_t pid, const char *word)
{
	siginfo_t *si = &told[pid].psi_siginfo;

	if (strcmp(word, "AGAIN") == 0)
		return passed_on;
	memset(&told[pid], 0, sizeof(told[pid]));
	for (size_t i = 0; i < __arraycount(signals); i++)
		if (strncmp(word, signals[i].name, strlen(signals[i].name)) == 0)
			si->si_signo = signals[i].signo;
	told[pid].psi_lwpid = si->si_signo == SIGTRAP || si->si_signo == SIGSEGV ? first_lwp(pid) : 0;
	told[pid].psi_lwpid += strchr(word, '+') != NULL;
	if (strcmp(word, "FORK") == 0) {
		si->si_code = TRAP_CHLD;
		si->si_pe_report_event = PTRACE_FORK;
		si->si_pe_other_pid = pid == PID ? CHILD : PID;
	} else if (strcmp(word, "LWP") == 0 || strcmp(word, "GONE") == 0) {
		si->si_code = TRAP_LWP;
		si->si_pe_report_event = *word == 'L' ? PTRACE_LWP_CREATE : PTRACE_LWP_EXIT;
		si->si_pe_lwp = ++told[pid].psi_lwpid;
	} else if (strncmp(word, "TRACE", 5) == 0) {
		si->si_code = TRAP_TRACE;
		pc[told[pid].psi_lwpid != first_lwp(pid)] += strchr(word, '!') == NULL;
	} else if (strcmp(word, "EXEC") == 0) {
		si->si_code = TRAP_EXEC;
		narrow = foreign = 0;
	} else if (si->si_signo == SIGTRAP) {
		si->si_code = word[2] == 'E' ? TRAP_SCE : TRAP_SCX;
		if (si->si_code == TRAP_SCE && strchr(word, '=') == NULL)
			pc[told[pid].psi_lwpid != first_lwp(pid)] += 2;
		si->si_sysnum = strncmp(word, "EXECVE", 6) == 0 ? 59 : 20;
	} else if (si->si_signo == SIGSEGV && strchr(word, '?') == NULL) {
		si->si_code = SEGV_MAPERR;
		si->si_addr = strchr(word, '!') != NULL ? told : NULL;
	} else {
		si->si_code = SI_USER;
		si->si_pid = strchr(word, '!') != NULL ? OTHER : ME;
	}
	return si->si_signo;
}

/* Of the host's child: whatever there is stays. */
static pid_t
look(pid_t pid, int *status, int flags)
{
	char **before = words;

	hosts = 0;
	pid_t got = waitpid(pid, status, flags);
	hosts = 1;
	if (got > 0) {
		words = before;
		stands[got] = 0;
	}
	return got;
}

/* And where it has been killed since, there is an end in place of the stop. */
static void
take(int flags)
{
	if (words[0] != NULL && words[1] != NULL && strcmp(words[1], "killed") == 0)
		words += 2;
	if (!(flags & WNOZOMBIE))
		printf("waits for an end\n");
}

pid_t
waitpid(pid_t pid, int *status, int flags)
{
	poor |= is_next("poor");
	taken += is_next("takes");
	results |= is_next("result");
	if (flags & WNOWAIT && hosts)
		return look(pid, status, flags & ~WNOWAIT);
	if (hosts)
		take(flags);
	const char *word = *words;

	if (flags & WNOZOMBIE && strcmp(word, "END") == 0)
		return 0;
	if (flags & WNOWAIT && orphan && pid == CHILD)
		return 0;
	if (flags & WNOWAIT || word == NULL) {
		errno = ECHILD;
		return -1;
	}
	if (strncmp(word, "taken:", 6) == 0 && flags & WNOHANG) {
		words++;
		stands[PID] = stop_of(PID, word + 6) != 0;
		return 0;
	}
	if (strcmp(word, "-") == 0) {
		words++;
		if (flags & WNOHANG)
			return 0;
		printf("sleep in waitpid\n");
		now_ns += 20000000;
		return waitpid(pid, status, flags);
	}
	pid_t got = strchr(word, ':') != NULL ? atoi(word) : PID;
	if (stopped && pid == -1)
		pid = CHILD;
	if (stands[got] || (pid != got && pid != -1)) {
		if (flags & WNOHANG)
			return 0;
		errno = ECHILD;
		return -1;
	}
	words++;
	now_ns += 200000;
	if (strchr(word, ':') != NULL)
		word = strchr(word, ':') + 1;
	stands[got] = strcmp(word, "END") != 0 && strcmp(word, "KILLED") != 0;
	*status = stands[got] ? W_STOPCODE(stop_of(got, word)) : *word == 'E' ? W_EXITCODE(3, 0) : W_EXITCODE(0, SIGKILL);
	return got;
}

int
kevent(int queue, const struct kevent *changes, size_t n, struct kevent *event, size_t room, const struct timespec *timeout)
{
	(void)queue, (void)changes, (void)n, (void)event, (void)timeout;
	if (room == 0)
		return 0;
	if (now_ns > LONGEST_NS) {
		printf("sleeps for ever\n");
		exit(0);
	}
	printf("sleep\n");
	now_ns += 20000000;
	if (is_next("missed"))
		printf("missed: %d\n", kernel->missed(kernel, PID, PID, NULL));
	return 0;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = (time_t)(now_ns / 1000000000);
	now->tv_nsec = (long)(now_ns % 1000000000);
	return 0;
}

int
nanosleep(const struct timespec *time, struct timespec *left)
{
	(void)left;
	now_ns += time->tv_nsec;
	return 0;
}

int
sysctl(const int *name, u_int length, void *old, size_t *size, const void *new, size_t new_size)
{
	static const struct kinfo_proc2 child = { .p_pid = CHILD, .p_ppid = PARENT, .p_flag = P_TRACED };
	struct kinfo_lwp *lwps = old;

	(void)length, (void)new, (void)new_size;
	if (name[1] == KERN_PROC2 && name[2] == KERN_PROC_PID && old != NULL) {
		struct kinfo_proc2 *proc = old;
		memset(proc, 0, *size);
		proc->p_ppid = hosts ? ME : 0;
		proc->p_flag = narrow ? P_32 : 0;
		proc->p_realstat = stopped || stands[name[3]] ? SSTOP : SACTIVE;
		proc->p_xstat = W_EXITCODE(0, told[name[3]].psi_siginfo.si_signo);
		strcpy(proc->p_ename, foreign ? "linux" : narrow ? "netbsd32" : "netbsd");
		if (catches)
			memset(&proc->p_sigcatch, ~0, sizeof(proc->p_sigcatch));
		if (ignores)
			memset(&proc->p_sigignore, ~0, sizeof(proc->p_sigignore));
		proc->p_uru_minflt = (uint64_t)counts;
		proc->p_uru_nsignals = (uint64_t)taken;
		return 0;
	}
	if (name[1] == KERN_PROC2 && name[2] == KERN_PROC_ALL && orphan) {
		*size = sizeof(child);
		if (old != NULL)
			memcpy(old, &child, sizeof(child));
		return 0;
	}
	if (name[1] != KERN_LWP || poor) {
		errno = poor ? ENOMEM : ENOENT;
		return -1;
	}
	*size = (one ? 1 : 2) * sizeof(*lwps);
	for (int i = 0; lwps != NULL && i < 2 - one; i++) {
		memset(&lwps[i], 0, sizeof(lwps[i]));
		lwps[i].l_stat = LSSTOP;
		lwps[i].l_lid = first_lwp(name[2]) + i;
	}
	return 0;
}

int
getrusage(int who, struct rusage *used)
{
	(void)who;
	memset(used, 0, sizeof(*used));
	used->ru_minflt = 1;
	return 0;
}

/* Nothing comes of these. */

int
kqueue1(int flags)
{
	return flags & 0;
}

int
pipe2(int *fds, int flags)
{
	fds[0] = fds[1] = -1;
	return flags & 0;
}

int
close(int fd)
{
	return fd & 0;
}

void (*signal(int signo, void (*action)(int)))(int)
{
	(void)signo;
	return action;
}

/* There is one thread, and its signals and its timer are not to be told of. */

int __libc_mutex_lock(void *);
int __libc_mutex_unlock(void *);

int
__libc_mutex_lock(void *mutex)
{
	(void)mutex;
	return 0;
}

int
__libc_mutex_unlock(void *mutex)
{
	(void)mutex;
	return 0;
}

int
sigaction(int signo, const struct sigaction *action, struct sigaction *before)
{
	(void)signo, (void)action;
	if (before != NULL)
		memset(before, 0, sizeof(*before));	/* SIG_DFL */
	return 0;
}

int
sigprocmask(int how, const sigset_t *mask, sigset_t *before)
{
	(void)how, (void)mask;
	if (before != NULL)
		memset(before, 0, sizeof(*before));
	return 0;
}

int
timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
{
	(void)clock, (void)event, (void)timer;
	return 0;
}

int
timer_delete(timer_t timer)
{
	(void)timer;
	return 0;
}

/* What the loop would do. */

static int
is_event(const struct pico_raw *raw)
{
	int code = pico_i32(raw->siginfo + NETBSD_PSI_CODE);

	return WSTOPSIG(raw->status) == SIGTRAP && (code == TRAP_CHLD || code == TRAP_LWP);
}

/* 0: it has ended. */
static int
next(struct pico_kernel *k, struct pico_raw *raw)
{
	int e = k->wait(k, 1, raw);

	if (e < 0) {
		printf("wait: %d\n", e);
		return 0;
	}
	if (!WIFSTOPPED(raw->status)) {
		printf("%d ends\n", raw->id);
		return raw->id != PID;
	}
	printf("%d stops: %s\n", raw->id, name_of(WSTOPSIG(raw->status)));
	(void)k->answer(k, raw->id, raw, PICO_NEED_SIGINFO);
	if (raw->narrow || raw->foreign)
		printf("a program of %s\n", raw->foreign ? "another system" : "32 bits");
	if (pico_i32(raw->siginfo + NETBSD_PSI_CODE) == TRAP_SCX && pico_i32(raw->siginfo + NETBSD_PSI_ERROR) != 0)
		printf("call %d: %d\n", pico_i32(raw->siginfo + NETBSD_PSI_SYSNUM), pico_i32(raw->siginfo + NETBSD_PSI_ERROR));
	if (is_event(raw))
		printf("event %d: %d\n", pico_i32(raw->siginfo + NETBSD_PSI_REPORT_EVENT),
		    pico_i32(raw->siginfo + NETBSD_PSI_OTHER));
	return 1;
}

static void
look_at_auxv(struct pico_kernel *k, int32_t pid)
{
	uint64_t words[8];
	int64_t size = k->image(k, pid, PICO_IMAGE_AUXV, 0, words, sizeof(words));

	for (int64_t i = 0; i < size / (int64_t)sizeof(*words); i++)
		printf("auxv: %ju\n", (uintmax_t)words[i]);
}

int
main(int argc, char **argv)
{
	(void)argc;
	struct pico_raw raw = { .id = PID };
	int32_t lwps[4];
	int e, n, count = 0;
	struct pico_kernel *k = kernel = pico_kernel_native(&e);

	words = argv + 1;
	if (k == NULL)
		return 1;
	release9 = is_next("release9");
	hosts = is_next("hosts");
	catches = is_next("catches");
	ignores = is_next("ignores");
	counts = is_next("counts");
	narrow = is_next("narrow");
	foreign = is_next("linux");
	one = is_next("one");
	int room = is_next("little") ? 1 : 2;
	stopped = is_next("stopped");
	masking = is_next("masks") ? PID : 0;
	orphan = is_next("orphan");
	struct pico_kernel *another = is_next("anothers") ? pico_kernel_native(&e) : NULL;
	if (another != NULL && another->attach(another, PARENT, PICO_REPORT_CHILDREN, lwps, room) < 1)
		return 1;
	if (is_next("alone"))
		k->alone(k);
	int report = PICO_REPORT_CHILDREN | (is_next("exits") ? PICO_REPORT_EXITING : 0);
	while ((n = k->attach(k, PID, report, lwps + count, room)) > 0)
		count += n;
	if (count != 2 - one || lwps[0] != first_lwp(PID) || (count == 2 && lwps[1] != first_lwp(PID) + 1))
		return 1;
	while (next(k, &raw)) {
		int32_t lwp = pico_i32(raw.siginfo + NETBSD_PSI_LWPID);
		if (lwp == 0)
			lwp = first_lwp(raw.id);
		if (is_next("answer"))
			(void)k->alter(k, raw.id, lwp, &(struct pico_event){ .retval = { 1ull << 32 | 5 } }, PICO_ALTER_ANSWER);
		if (is_next("change"))
			printf("change: %d\n", k->alter(k, raw.id, lwp, &(struct pico_event){ .nargs = 0 }, PICO_ALTER_ARGS));
		if (is_next("auxv"))
			look_at_auxv(k, raw.id);
		if (is_next("too"))
			(void)k->step_too(k, raw.id, first_lwp(raw.id) + 1);
		int signo = is_next("pass") ? WSTOPSIG(raw.status) : is_next("instead") ? SIGUSR1 : 0;
		dead = is_next("dead");
		barred = is_next("barred");
		if (is_next("detach")) {
			printf("detach:\n");
			printf("detach: %d\n", k->detach(k, PID, PID, signo));
			continue;
		}
		int how = is_next("step") ? PICO_RESUME_STEP : is_next("return") ? PICO_RESUME_RETURN :
		    is_next("nocalls") ? PICO_RESUME_CONTINUE : PICO_RESUME_SYSCALL;
		(void)k->resume(k, raw.id, lwp, how, signo);
		if (is_next("interrupt"))
			printf("interrupt: %d\n", k->interrupt(k, PID, PID));
	}
	k->close(k);
	return 0;
}
