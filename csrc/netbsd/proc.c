/*
 * What sysctl(3) tells about a process, in words that the loop and the user can use.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sysctl.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../core/bytes.h"
#include "netbsd_kernel.h"

int
pico_netbsd_proc(int32_t pid, struct kinfo_proc2 *proc)
{
	int name[] = { CTL_KERN, KERN_PROC2, KERN_PROC_PID, pid, sizeof(*proc), 1 };
	size_t size = sizeof(*proc);

	return sysctl(name, __arraycount(name), proc, &size, NULL, 0) == 0 && size >= sizeof(*proc);
}

struct kinfo_proc2 *
pico_netbsd_procs(size_t *count)
{
	int name[] = { CTL_KERN, KERN_PROC2, KERN_PROC_ALL, 0, sizeof(struct kinfo_proc2), 0 };
	struct kinfo_proc2 *all = NULL;
	size_t size;

	/* Processes are made while we look. */
	for (int attempt = 0; attempt < 8; attempt++) {
		name[5] = 0;
		if (sysctl(name, __arraycount(name), NULL, &size, NULL, 0) < 0)
			break;
		size += size / 8;
		struct kinfo_proc2 *more = realloc(all, size);
		if (more == NULL)
			break;
		all = more;
		name[5] = (int)(size / sizeof(*all));
		if (sysctl(name, __arraycount(name), all, &size, NULL, 0) == 0) {
			*count = size / sizeof(*all);
			return all;
		}
		if (errno != ENOMEM)
			break;
	}
	free(all);
	return NULL;
}

struct kinfo_lwp *
pico_netbsd_lwps(int32_t pid, size_t *count)
{
	int name[] = { CTL_KERN, KERN_LWP, pid, sizeof(struct kinfo_lwp), 0 };
	struct kinfo_lwp *all = NULL;
	size_t size;

	if (sysctl(name, __arraycount(name), NULL, &size, NULL, 0) < 0 || (all = malloc(size)) == NULL)
		return NULL;
	name[4] = (int)(size / sizeof(*all));
	if (sysctl(name, __arraycount(name), all, &size, NULL, 0) == 0) {
		*count = size / sizeof(*all);
		return all;
	}
	free(all);
	return NULL;
}

/* Killed while its LWPs were just stopping, it is ending, and waits for one that stops again and again, as nobody
 * takes back that it is to (10.99.12: issignal(), exit_lwps()). */
static int
ends_in_vain(int32_t pid)
{
	struct kinfo_proc2 proc;
	size_t count = 0;
	int stops = 0;

	if (!pico_netbsd_proc(pid, &proc) || !(proc.p_flag & P_WEXIT) || proc.p_nlwps < 2)
		return 0;
	struct kinfo_lwp *all = pico_netbsd_lwps(pid, &count);
	for (size_t i = 0; all != NULL && i < count; i++)
		stops |= all[i].l_stat == LSSTOP || all[i].l_stat == LSRUN;
	free(all);
	return stops;
}

void
pico_netbsd_end_vain(const struct netbsd_kernel *k)
{
	for (uint32_t i = 0; i < k->count; i++)
		if (!k->tracees[i].stands && ends_in_vain(k->tracees[i].pid))
			(void)kill(k->tracees[i].pid, SIGKILL);
}

static int
has(const ki_sigset_t *set, int signo)
{
	return set->__bits[(signo - 1) / 32] >> ((signo - 1) % 32) & 1;
}

int
pico_netbsd_catches(int32_t pid, int signo)
{
	struct kinfo_proc2 proc;

	return pico_netbsd_proc(pid, &proc) && has(&proc.p_sigcatch, signo);
}

/* p_sigignore has those that are ignored by default, too, but for SIGCONT. */
int
pico_netbsd_heeds(int32_t pid, int signo)
{
	struct kinfo_proc2 proc;

	return !pico_netbsd_proc(pid, &proc) || has(&proc.p_sigcatch, signo) ||
	    (signo != SIGCONT && !has(&proc.p_sigignore, signo));
}

/* Whether sysctl(3) tells what those LWPs have used that live still (10.99.12: fill_kproc2()); NetBSD 10 does not. */
static int
tells_of_lwps(void)
{
	static int tells = -1;
	struct kinfo_proc2 self;
	struct rusage used;

	if (tells < 0)
		tells = getrusage(RUSAGE_SELF, &used) == 0 && pico_netbsd_proc(getpid(), &self) &&
		    self.p_uru_minflt >= (uint64_t)used.ru_minflt;
	return tells;
}

int64_t
pico_netbsd_taken(int32_t pid)
{
	struct kinfo_proc2 proc;

	return tells_of_lwps() && pico_netbsd_proc(pid, &proc) ? (int64_t)proc.p_uru_nsignals : -1;
}

/* On a 64-bit machine programs of 32 bits have calls of their own (compat_netbsd32(8)), and so have those of other
 * systems (compat_linux(8)): siginfo has numbers and words of these (10.99.12: proc_stoptrace(), p_emul). */
void
pico_netbsd_look_at_image(struct netbsd_tracee *t)
{
	static const char native[] = "netbsd";	/* and netbsd32 */
	struct kinfo_proc2 proc;

	if (t->knows_image || !pico_netbsd_proc(t->pid, &proc))
		return;
	t->knows_image = 1;
	t->narrow = sizeof(long) == sizeof(int32_t) || proc.p_flag & P_32;
	t->foreign = strncmp(proc.p_ename, native, sizeof(native) - 1) != 0;
}

int
pico_netbsd_children(struct pico_kernel *k, int32_t pid, int32_t *pids, int max)
{
	size_t count;
	struct kinfo_proc2 *all = pico_netbsd_procs(&count);
	int found = 0;

	(void)k;
	if (all == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (all[i].p_ppid != pid)
			continue;
		if (found < max)
			pids[found] = all[i].p_pid;
		found++;
	}
	free(all);
	return found;
}

/* A process that has not been announced: it is known by its pid. Its parent, while it is traced, is its
 * tracer. */
int
pico_netbsd_family(struct pico_kernel *k, int32_t lwp, int32_t *pid, int32_t *parent)
{
	struct kinfo_proc2 proc;

	(void)k;
	if (!pico_netbsd_proc(lwp, &proc))
		return -ESRCH;
	*pid = lwp;
	*parent = proc.p_ppid;
	return 0;
}

int
pico_netbsd_program(struct pico_kernel *k, int32_t pid, char *name, size_t size)
{
	struct kinfo_proc2 proc;

	(void)k;
	if (!pico_netbsd_proc(pid, &proc))
		return -ESRCH;
	memset(name, 0, size);
	(void)strlcpy(name, proc.p_comm, size);
	return 0;
}

/* Strings come all at once, from their beginning. */
static int64_t
strings(int32_t pid, int which, uint64_t offset, void *data, size_t size)
{
	int name[] = { CTL_KERN, KERN_PROC_ARGS, pid, which };
	size_t whole = offset + size;
	char *all = malloc(whole);

	if (all == NULL)
		return -ENOMEM;
	/* ENOMEM: there is more of it, and this much has been filled in. */
	int e = sysctl(name, __arraycount(name), all, &whole, NULL, 0) < 0 && errno != ENOMEM ? -errno : 0;
	int64_t n = e < 0 ? e : whole > offset ? (int64_t)(whole - offset) : 0;
	if (n > (int64_t)size)
		n = (int64_t)size;
	if (n > 0)
		memcpy(data, all + offset, (size_t)n);
	free(all);
	return n;
}

/* Words of the program's width, made into words of 64 bits. */
static int64_t
auxv(int32_t pid, size_t width, uint64_t offset, void *data, size_t size)
{
	uint8_t vector[64 * sizeof(uint64_t)];
	uint64_t *words = data;
	struct ptrace_io_desc io = {
		.piod_op = PIOD_READ_AUXV,
		.piod_offs = (void *)(uintptr_t)(offset / sizeof(uint64_t) * width),
		.piod_addr = vector,
		.piod_len = MIN(sizeof(vector), size / sizeof(uint64_t) * width),
	};

	if (ptrace(PT_IO, pid, &io, 0) < 0)
		return pico_netbsd_error();
	size_t n = io.piod_len / width;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *word = vector + i * width;
		/* A type has 32 bits, whatever its neighbours hold. */
		if (width == sizeof(uint32_t))
			words[i] = pico_u32(word);
		else
			words[i] = i % 2 == 0 ? (uint32_t)pico_u64(word) : pico_u64(word);
	}
	return (int64_t)(n * sizeof(uint64_t));
}

int64_t
pico_netbsd_image(struct pico_kernel *k, int32_t pid, int what, uint64_t offset, void *data, size_t size)
{
	const struct netbsd_tracee *t = pico_netbsd_find((struct netbsd_kernel *)k, pid);

	switch (what) {
	case PICO_IMAGE_ARGV:
		return strings(pid, KERN_PROC_ARGV, offset, data, size);
	case PICO_IMAGE_ENV:
		return strings(pid, KERN_PROC_ENV, offset, data, size);
	case PICO_IMAGE_PATH:
		return strings(pid, KERN_PROC_PATHNAME, offset, data, size);
	default:
		return auxv(pid, t != NULL && t->narrow ? sizeof(uint32_t) : sizeof(long), offset, data, size);
	}
}

int
pico_netbsd_refusal(struct pico_kernel *k, int32_t pid, int error, int32_t *detail)
{
	struct kinfo_proc2 proc;

	(void)k;
	*detail = 0;
	if (pid == getpid())
		return PICO_REFUSED_SELF;
	if (!pico_netbsd_proc(pid, &proc))
		return PICO_REFUSED_NOBODY;
	if (proc.p_realstat == SZOMB)
		return PICO_REFUSED_ZOMBIE;
	if (proc.p_flag & P_SYSTEM)
		return PICO_REFUSED_KERNEL;
	if (proc.p_flag & P_TRACED)
		return PICO_REFUSED_TRACED;	/* by whom is not told: p_ppid is the parent from before */
	if (error == -ESRCH)
		return PICO_REFUSED_NOBODY;
	if (getuid() != 0 && (proc.p_ruid != getuid() || proc.p_uid != getuid())) {
		*detail = (int32_t)(proc.p_uid != getuid() ? proc.p_uid : proc.p_ruid);
		return PICO_REFUSED_USER;
	}
	return PICO_REFUSED_OTHER;
}
