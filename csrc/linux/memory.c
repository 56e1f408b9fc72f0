/*
 * A stopped LWP's memory: process_vm_readv and process_vm_writev; where they are refused (text is
 * read-only to them, a debugger may write it), /proc/PID/mem.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linux_kernel.h"

int64_t
pico_linux_read(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	struct iovec local = { data, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };

	(void)k, (void)pid;
	ssize_t n = process_vm_readv(lwp, &local, 1, &remote, 1, 0);
	return n < 0 ? -errno : n;
}

static int64_t
write_through_proc(int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	char path[64];

	/* No address of a process's own, and no offset either: pwrite(2) calls it EINVAL. */
	if (addr > INT64_MAX)
		return -EFAULT;
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)lwp);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	ssize_t n = pwrite(fd, data, size, (off_t)addr);
	int64_t result = n > 0 ? n : n == 0 ? -ESRCH : errno == EIO ? -EFAULT : -errno;
	(void)close(fd);
	return result;
}

int64_t
pico_linux_write(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)data, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };

	(void)k, (void)pid;
	ssize_t n = process_vm_writev(lwp, &local, 1, &remote, 1, 0);
	if (n == (ssize_t)size)
		return n;
	if (n < 0 && errno != EFAULT)
		return -errno;
	return write_through_proc(lwp, addr, data, size);
}
