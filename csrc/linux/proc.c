/*
 * What /proc tells about a process or an LWP, in words that the loop and the user can use.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux_kernel.h"

/* A small file of /proc, whole, NUL-terminated. Returns its length or -errno. */
static ssize_t
slurp(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, buffer, size - 1);
	if (n < 0)
		n = -errno;
	(void)close(fd);
	buffer[n > 0 ? n : 0] = '\0';
	return n;
}

static ssize_t
slurp_of(int32_t id, const char *file, char *buffer, size_t size)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)id, file);
	return slurp(path, buffer, size);
}

/* Where the text of a field begins; "" where there is none. */
static const char *
field_in(const char *status, const char *field)
{
	char wanted[32];

	/* The first line has the program's own name, in which the kernel escapes newlines. */
	(void)snprintf(wanted, sizeof(wanted), "\n%s:", field);
	const char *line = strstr(status, wanted);
	return line != NULL ? line + strlen(wanted) : "";
}

int
pico_linux_status_field(int32_t id, const char *field, int64_t *value)
{
	char status[4096];
	ssize_t n = slurp_of(id, "status", status, sizeof(status));

	*value = n > 0 ? strtoll(field_in(status, field), NULL, 10) : 0;
	return n < 0 ? (int)n : 0;
}

/* It lies behind a list of groups of any length. */
int
pico_linux_status_mask(int32_t id, const char *field, uint64_t *mask)
{
	enum { LINE = 64 };	/* no mask's is so long */
	char path[64], piece[4096];
	size_t kept = 0;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)id);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int e = -ENODATA;
	while (e == -ENODATA && (n = read(fd, piece + kept, sizeof(piece) - 1 - kept)) != 0) {
		if (n < 0) {
			e = -errno;
			break;
		}
		size_t size = kept + (size_t)n;
		piece[size] = '\0';
		const char *found = field_in(piece, field);
		if (strchr(found, '\n') != NULL) {
			*mask = strtoull(found, NULL, 16);
			e = 0;
		}
		kept = size < LINE ? size : LINE;
		memmove(piece, piece + size - kept, kept);
	}
	(void)close(fd);
	return e;
}

int
pico_linux_is_zombie(int32_t id)
{
	char status[4096];

	if (slurp_of(id, "status", status, sizeof(status)) < 0)
		return 0;
	const char *state = field_in(status, "State");
	state += strspn(state, " \t");
	return *state == 'Z' || *state == 'X';
}

int
pico_linux_has_lost_first(int32_t pid)
{
	char path[32];
	int others = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = pico_linux_is_zombie(pid) ? opendir(path) : NULL;
	if (tasks == NULL)
		return 0;
	for (struct dirent *entry; !others && (entry = readdir(tasks)) != NULL;) {
		int32_t lwp = (int32_t)strtol(entry->d_name, NULL, 10);
		others = lwp != 0 && !pico_linux_is_zombie(lwp);
	}
	(void)closedir(tasks);
	return others;
}

/* Where it is another's, its ids are those of other processes. */
int
pico_linux_proc_is_anothers(void)
{
	char self[32];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	if (n < 0)
		return access("/proc/stat", F_OK) == 0;
	self[n] = '\0';
	return strtol(self, NULL, 10) != getpid();
}

int64_t
pico_linux_started(int32_t id)
{
	char stat[1024];

	if (slurp_of(id, "stat", stat, sizeof(stat)) < 0)
		return -1;
	/* Behind its name, in which anything may be: fields 3 to 22, with a space before each. */
	const char *field = strrchr(stat, ')');
	for (int i = 3; field != NULL && i <= 22; i++)
		field = strchr(field + 1, ' ');
	return field != NULL ? strtoll(field, NULL, 10) : -1;
}

int
pico_linux_family(struct pico_kernel *k, int32_t lwp, int32_t *pid, int32_t *parent)
{
	char status[4096];
	ssize_t n = slurp_of(lwp, "status", status, sizeof(status));

	(void)k;
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	*pid = (int32_t)strtol(field_in(status, "Tgid"), NULL, 10);
	*parent = (int32_t)strtol(field_in(status, "PPid"), NULL, 10);
	return 0;
}

int
pico_linux_program(struct pico_kernel *k, int32_t pid, char *name, size_t size)
{
	char comm[64];
	ssize_t n = slurp_of(pid, "comm", comm, sizeof(comm));

	(void)k;
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	/* One newline ends it; any other is the program's own. */
	if (n > 0 && comm[n - 1] == '\n')
		n--;
	if ((size_t)n >= size)
		n = (ssize_t)size - 1;
	memset(name, 0, size);
	memcpy(name, comm, (size_t)n);
	return 0;
}

static int64_t
path_of(int32_t pid, char *path, size_t size)
{
	char link[64];

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(link, path, size);
	return n < 0 ? -errno : n;
}

/* A 32-bit program has words of 32 bits there, and in its first pair both are something; a type of a 64-bit one fits
 * into the lower half of its word. */
static int
has_narrow_auxv(int fd)
{
	uint64_t first;

	return pread(fd, &first, sizeof(first), 0) == (ssize_t)sizeof(first) && first > UINT32_MAX;
}

/* Pairs of such words as the pairs they stand for. */
static int64_t
read_narrow_auxv(int fd, uint64_t offset, void *data, size_t size)
{
	enum { PAIR = 2 * sizeof(uint64_t), NARROW_PAIR = 2 * sizeof(uint32_t) };
	uint32_t narrow[2];
	size_t done = 0;

	for (; done + PAIR <= size; done += PAIR) {
		if (pread(fd, narrow, NARROW_PAIR, (off_t)((offset + done) / 2)) != NARROW_PAIR)
			break;
		memcpy((char *)data + done, (const uint64_t[]){ narrow[0], narrow[1] }, PAIR);
	}
	return (int64_t)done;
}

int64_t
pico_linux_image(struct pico_kernel *k, int32_t pid, int what, uint64_t offset, void *data, size_t size)
{
	static const char *const file[] = {
		[PICO_IMAGE_ARGV] = "cmdline", [PICO_IMAGE_ENV] = "environ", [PICO_IMAGE_AUXV] = "auxv"
	};
	char path[64];

	(void)k;
	if (what == PICO_IMAGE_PATH)
		return offset == 0 ? path_of(pid, data, size) : 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file[what]);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int narrow = what == PICO_IMAGE_AUXV && has_narrow_auxv(fd);
	int64_t result = narrow ? read_narrow_auxv(fd, offset, data, size) : pread(fd, data, size, (off_t)offset);
	if (result < 0)
		result = -errno;
	(void)close(fd);
	return result;
}

/* A kernel thread has no memory of its own; nor has a zombie, which was asked about before. Not by
 * "VmSize:" of status, which can lie behind a list of groups of any length. */
static int
is_kernel_thread(int32_t pid)
{
	char statm[128];
	return slurp_of(pid, "statm", statm, sizeof(statm)) > 0 && strtoll(statm, NULL, 10) == 0;
}

/* Whether CAP_SYS_PTRACE is among the rights of this thread: uid 0 may lack it (in a container), and
 * others may have it. */
static int
may_trace_all(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3, .pid = 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	memset(data, 0, sizeof(data));
	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (data[CAP_TO_INDEX(CAP_SYS_PTRACE)].effective & CAP_TO_MASK(CAP_SYS_PTRACE)) != 0;
}

/* One of the process's uids that is not the caller's real one, which is what ptrace(2) asks for of
 * all three ("Ptrace access mode checking"); 0 or 1 whether there is one. */
static int
other_user(int32_t pid, int32_t *uid)
{
	char status[4096];
	unsigned real, effective, saved, mine = getuid();

	if (slurp_of(pid, "status", status, sizeof(status)) < 0)
		return 0;
	const char *line = strstr(status, "\nUid:");
	if (line == NULL || sscanf(line, "\nUid: %u %u %u", &real, &effective, &saved) != 3)
		return 0;
	unsigned other = effective != mine ? effective : saved != mine ? saved : real;
	*uid = (int32_t)other;
	return other != mine;
}

/* What the kernel lets this user do, as far as it tells. */
static int
refusal_by_rights(int32_t pid, int32_t *detail)
{
	char scope[16];
	int all = may_trace_all();

	if (!all && other_user(pid, detail))
		return PICO_REFUSED_USER;
	/* 1 and 2 spare those who may trace all, 3 nobody (Documentation/admin-guide/LSM/Yama.rst). */
	if (slurp("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope)) > 0 &&
	    (scope[0] >= '3' || (scope[0] > '0' && !all))) {
		*detail = scope[0] - '0';
		return PICO_REFUSED_YAMA;
	}
	*detail = 0;
	return PICO_REFUSED_OTHER;
}

/* /proc does not have it. It may be mounted so that it hides other users' processes (hidepid):
 * whoever may not be sent a signal is there. */
static int
refusal_unseen(int32_t pid, int32_t *detail)
{
	if (kill(pid, 0) == 0)
		return PICO_REFUSED_UNSEEN;
	if (errno != EPERM)
		return PICO_REFUSED_NOBODY;
	*detail = -1;	/* whose it is, is hidden too */
	return PICO_REFUSED_USER;
}

int
pico_linux_refusal(struct pico_kernel *kernel, int32_t pid, int error, int32_t *detail)
{
	int32_t refused = ((const struct linux_kernel *)kernel)->refused;
	int64_t tgid, tracer;

	*detail = 0;
	if (pid == getpid())
		return PICO_REFUSED_SELF;
	if (pico_linux_status_field(pid, "Tgid", &tgid) < 0)
		return refusal_unseen(pid, detail);
	if (tgid != pid) {
		*detail = (int32_t)tgid;
		return PICO_REFUSED_LWP;
	}
	/* Of the others there is nothing to say. */
	if (refused != 0 && pico_linux_is_there(pid, refused))
		pid = refused;
	if (pico_linux_is_zombie(pid))
		return PICO_REFUSED_ZOMBIE;
	if (is_kernel_thread(pid))
		return PICO_REFUSED_KERNEL;
	if (pico_linux_status_field(pid, "TracerPid", &tracer) == 0 && tracer != 0) {
		/* It is a thread's id; its process is what the user knows. */
		if (pico_linux_status_field((int32_t)tracer, "Tgid", &tgid) < 0)
			tgid = tracer;	/* gone by now */
		*detail = (int32_t)tgid;
		return PICO_REFUSED_TRACED;
	}
	/* It ended, and this pid is another's by now, or nobody's. */
	if (error == -ESRCH)
		return PICO_REFUSED_NOBODY;
	return refusal_by_rights(pid, detail);
}
