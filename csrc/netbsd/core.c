/*
 * Core files of processes that go on. The kernel writes them (PT_DUMPCORE), over what is there; into a file of the
 * process's own user alone; and with what begins with a per cent sign replaced (10.99.12: kern_core.c).
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/sysctl.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "netbsd_kernel.h"

static int
is_kept(const char *path)
{
	for (const char *p = path; (p = strchr(p, '%')) != NULL; p++)
		if (p[1] != '\0' && strchr("nptu", p[1]) != NULL)
			return 0;
	return 1;
}

int
pico_netbsd_dump_core(struct pico_kernel *kernel, int32_t pid, const char *path)
{
	struct kinfo_proc2 proc;

	(void)kernel;
	if (!is_kept(path))
		return -EINVAL;
	if (!pico_netbsd_proc(pid, &proc))
		return -ESRCH;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return -errno;
	int e = proc.p_uid == geteuid() || fchown(fd, proc.p_uid, (gid_t)-1) == 0 ? 0 : -errno;
	(void)close(fd);
	if (e == 0 && ptrace(PT_DUMPCORE, pid, (void *)(uintptr_t)path, (int)strlen(path)) < 0)
		e = pico_netbsd_error();
	if (e < 0)
		(void)unlink(path);
	return e;
}
