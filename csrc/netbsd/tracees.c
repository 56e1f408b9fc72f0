/*
 * The processes that a kernel waits for: NetBSD's wait has no word for "tracees of mine", and a host has
 * children of its own.
 */
#include <sys/param.h>
#include <sys/sysctl.h>
#include <sys/wait.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "netbsd_kernel.h"

/* All the kernels of this program: here a tracee is the program's, not a thread's. */
static struct netbsd_kernel *kernels;
static pthread_mutex_t kernels_lock = PTHREAD_MUTEX_INITIALIZER;

struct netbsd_tracee *
pico_netbsd_find(struct netbsd_kernel *k, int32_t pid)
{
	for (uint32_t i = 0; i < k->count; i++)
		if (k->tracees[i].pid == pid)
			return &k->tracees[i];
	return NULL;
}

struct netbsd_tracee *
pico_netbsd_add(struct netbsd_kernel *k, int32_t pid)
{
	struct netbsd_tracee *t = NULL;

	(void)pthread_mutex_lock(&kernels_lock);
	if (k->count == k->room) {
		uint32_t room = k->room > 0 ? k->room * 2 : 16;
		struct netbsd_tracee *more = realloc(k->tracees, room * sizeof(*more));
		if (more == NULL)
			goto out;
		k->tracees = more;
		k->room = room;
	}
	t = &k->tracees[k->count++];
	*t = (struct netbsd_tracee){ .pid = pid, .narrow = sizeof(long) == sizeof(int32_t) };
out:
	(void)pthread_mutex_unlock(&kernels_lock);
	return t;
}

void
pico_netbsd_tracee_free(struct netbsd_tracee *t)
{
	pico_netbsd_turns_end(t);
	pico_netbsd_drop_lwps(&t->ending);
	pico_netbsd_steps_free(t);
	pico_netbsd_drop_lwps(&t->trapping);
	pico_netbsd_drop_lwps(&t->suspended);
}

void
pico_netbsd_forget(struct netbsd_kernel *k, struct netbsd_tracee *t)
{
	pico_netbsd_altered_forget(k, t->pid);
	pico_netbsd_tracee_free(t);
	(void)pthread_mutex_lock(&kernels_lock);
	*t = k->tracees[--k->count];
	(void)pthread_mutex_unlock(&kernels_lock);
}

void
pico_netbsd_register(struct netbsd_kernel *k)
{
	(void)pthread_mutex_lock(&kernels_lock);
	k->other = kernels;
	kernels = k;
	(void)pthread_mutex_unlock(&kernels_lock);
}

void
pico_netbsd_unregister(struct netbsd_kernel *k)
{
	struct netbsd_kernel **link = &kernels;

	(void)pthread_mutex_lock(&kernels_lock);
	while (*link != k)
		link = &(*link)->other;
	*link = k->other;
	(void)pthread_mutex_unlock(&kernels_lock);
}

/* The kernel that knows it, or NULL. */
static const struct netbsd_kernel *
whose(int32_t pid)
{
	(void)pthread_mutex_lock(&kernels_lock);
	struct netbsd_kernel *k = kernels;
	while (k != NULL && pico_netbsd_find(k, pid) == NULL)
		k = k->other;
	(void)pthread_mutex_unlock(&kernels_lock);
	return k;
}

/* Its parent is there to tell of it, and will tell another of us. */
static int
is_for_another(const struct netbsd_kernel *k, const struct kinfo_proc2 *p)
{
	const struct netbsd_kernel *parents = whose(p->p_ppid);

	return parents != NULL && parents != k;
}

void
pico_netbsd_find_orphans(struct netbsd_kernel *k)
{
	size_t count;
	struct kinfo_proc2 *all = pico_netbsd_procs(&count);

	for (size_t i = 0; all != NULL && i < count; i++) {
		const struct kinfo_proc2 *p = &all[i];
		int status;
		/* A traced process is its tracer's child, though sysctl tells its parent from before: wait knows.
		 * Where that is this program, it is a child of the host's that has ended, and the host's to wait for. */
		if (!(p->p_flag & P_TRACED) || p->p_ppid == getpid() || whose(p->p_pid) != NULL ||
		    is_for_another(k, p) || waitpid(p->p_pid, &status, WNOHANG | WNOWAIT) < 0)
			continue;
		struct netbsd_tracee *t = pico_netbsd_add(k, p->p_pid);
		if (t != NULL)
			t->is_new = 1;
	}
	free(all);
}
