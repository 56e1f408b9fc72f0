/*
 * Stops that somebody else's wait was told of: to the kernel a wait for any child by another part of this program is as
 * good as ours (10.99.12: find_stopped_child()). The process stands, and no wait is told of that again.
 */
#include <sys/param.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <errno.h>

#include "netbsd_kernel.h"

int
pico_netbsd_missed(struct pico_kernel *kernel, int32_t pid, int32_t lwp, struct pico_raw *raw)
{
	struct netbsd_kernel *k = (struct netbsd_kernel *)kernel;
	struct netbsd_tracee *t = pico_netbsd_find(k, pid);
	struct kinfo_proc2 proc;

	(void)lwp, (void)raw;
	if (t == NULL)
		return -ECHILD;	/* its end was taken, as a look for a stop has found */
	if (t->stands || t->has_status || k->waits_for_any || !pico_netbsd_proc(pid, &proc) || proc.p_realstat != SSTOP)
		return 0;
	/* One that has stopped just now is still to be waited for. */
	pid_t got = pico_netbsd_wait_for(t, &t->status, WNOHANG);
	const int stopped_by = proc.p_xstat;
	if (got == 0)
		t->status = W_STOPCODE(WTERMSIG(stopped_by));
	t->has_status = got >= 0;
	return 0;	/* the next wait tells of it */
}
