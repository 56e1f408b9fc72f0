/*
 * A stopped LWP's memory: process_vm_readv, and /proc/LWP/mem, which a debugger may write text through.
 *
 * Where a process executes a program in another LWP, its first one is killed where it stands and its id
 * goes to that other one, with another memory. No ptrace request reaches it there until it is waited for
 * (since Linux 5.13; looks_like_a_spurious_pid() in kernel/ptrace.c), but what is here asks for no stop.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "linux_kernel.h"

/* 0: it is still the LWP that was waited for; only a process's first can have become another. Or -errno. */
static int
still_stands(int32_t pid, int32_t lwp)
{
	unsigned long message;

	return lwp == pid && ptrace(PTRACE_GETEVENTMSG, lwp, NULL, &message) < 0 ? -errno : 0;
}

int64_t
pico_linux_read(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	struct iovec local = { data, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };

	(void)k;
	ssize_t n = process_vm_readv(lwp, &local, 1, &remote, 1, 0);
	int64_t result = n < 0 ? -errno : n;
	int e = still_stands(pid, lwp);
	return e < 0 ? e : result;
}

static int64_t
write_into(int memory, uint64_t addr, const void *data, size_t size)
{
	/* No address of a process's own, and no offset either: pwrite(2) calls it EINVAL. */
	if (addr > INT64_MAX)
		return -EFAULT;
	ssize_t n = pwrite(memory, data, size, (off_t)addr);
	/* 0: there is none any more. */
	return n > 0 ? n : n == 0 ? -ESRCH : errno == EIO ? -EFAULT : -errno;
}

static int64_t
write_by_id(int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	struct iovec local = { (void *)(uintptr_t)data, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };

	ssize_t n = process_vm_writev(lwp, &local, 1, &remote, 1, 0);
	return n < 0 ? -errno : n;
}

int64_t
pico_linux_write(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, const void *data, size_t size)
{
	char path[64];

	(void)k;
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)lwp);
	/* Opened before it is asked for: what was the LWP's memory then is what is written. */
	int memory = open(path, O_WRONLY | O_CLOEXEC);
	int64_t result = still_stands(pid, lwp);
	if (result == 0)
		result = memory < 0 ? write_by_id(lwp, addr, data, size) : write_into(memory, addr, data, size);
	if (memory >= 0)
		(void)close(memory);
	return result;
}
