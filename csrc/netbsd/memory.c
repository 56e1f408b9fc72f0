/*
 * A tracee's memory, by PT_IO.
 */
#include <sys/param.h>
#include <sys/ptrace.h>

#include <errno.h>
#include <unistd.h>

#include "netbsd_kernel.h"

/* Never across the end of a page: where the next is not mapped the kernel moves nothing at all (EINVAL), and
 * says nothing of those bytes that are. */
static int64_t
move(int32_t pid, int op, uint64_t addr, char *data, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), moved = 0;

	while (moved < size) {
		uint64_t at = addr + moved;
		size_t piece = page - (size_t)(at % page);
		struct ptrace_io_desc io = {
			.piod_op = op,
			.piod_offs = (void *)(uintptr_t)at,
			.piod_addr = data + moved,
			.piod_len = piece < size - moved ? piece : size - moved,
		};
		int e = ptrace(PT_IO, pid, &io, 0) < 0 ? pico_netbsd_error() : 0;
		if (e == -ESRCH)
			return e;
		/* Success with nothing moved is a failure. */
		if (e < 0 || io.piod_len == 0)
			break;
		moved += io.piod_len;
	}
	return moved > 0 ? (int64_t)moved : -EFAULT;
}

int64_t
pico_netbsd_read(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, void *data, size_t size)
{
	(void)k, (void)lwp;
	return move(pid, PIOD_READ_D, addr, data, size);
}

int64_t
pico_netbsd_write(struct pico_kernel *k, int32_t pid, int32_t lwp, uint64_t addr, const void *data,
    size_t size)
{
	(void)k, (void)lwp;
	return move(pid, PIOD_WRITE_D, addr, (char *)(uintptr_t)data, size);
}
