/*
 * Tracees that are children of this very program. How one of them ends is for the program to learn, by a
 * wait of its own: a wait of ours would take that away, for to the kernel both are the same wait. So a
 * first LWP is let go where it is about to exit, and how its process ended is looked at, not taken.
 *
 * Its other LWPs are nobody else's to wait for. The process has ended when they have.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux_kernel.h"

static struct linux_host_child *
find(struct linux_kernel *k, int32_t pid)
{
	for (uint32_t i = 0; i < k->host_children_count; i++)
		if (k->host_children[i].pid == pid)
			return &k->host_children[i];
	return NULL;
}

int
pico_linux_is_host_child(int32_t id)
{
	for (struct linux_kernel *k = pico_linux_first(); k != NULL; k = k->other)
		if (find(k, id) != NULL)
			return 1;
	return 0;
}

int
pico_linux_host_child_add(struct linux_kernel *k, int32_t pid)
{
	int64_t parent;

	if (find(k, pid) != NULL)
		return 1;
	if (pico_linux_status_field(pid, "PPid", &parent) < 0 || parent != getpid())
		return 0;
	size_t size = (k->host_children_count + 1) * sizeof(*k->host_children);
	struct linux_host_child *more = realloc(k->host_children, size);
	if (more == NULL)
		return -ENOMEM;
	k->host_children = more;
	more[k->host_children_count++] = (struct linux_host_child){ .pid = pid };
	return 1;
}

static void
forget(struct linux_kernel *k, struct linux_host_child *child)
{
	*child = k->host_children[--k->host_children_count];
}

void
pico_linux_host_child_stopped(struct linux_kernel *k, int32_t lwp, int32_t status)
{
	struct linux_host_child *child = find(k, lwp);
	unsigned long message;

	if (child == NULL)
		return;
	if (!WIFSTOPPED(status)) {
		forget(k, child);	/* it ended traced; its end was only looked at */
		return;
	}
	child->state = PICO_HOST_CHILD_LIVES;	/* also by an execve: another LWP has that id now */
	if (status >> 8 != (SIGTRAP | PTRACE_EVENT_EXIT << 8) ||
	    ptrace(PTRACE_GETEVENTMSG, lwp, NULL, &message) < 0)
		return;
	child->state = PICO_HOST_CHILD_EXITS;
	child->status = (int32_t)message;
}

int
pico_linux_host_child_let_go(struct linux_kernel *k, int32_t lwp)
{
	struct linux_host_child *child = find(k, lwp);

	if (child == NULL || child->state != PICO_HOST_CHILD_EXITS)
		return 0;
	if (ptrace(PTRACE_DETACH, lwp, NULL, NULL) == 0)
		child->state = PICO_HOST_CHILD_LET_GO;
	return 1;
}

int
pico_linux_is_let_go(struct linux_kernel *k, int32_t lwp)
{
	const struct linux_host_child *child = find(k, lwp);

	return child != NULL && child->state == PICO_HOST_CHILD_LET_GO;
}

void
pico_linux_host_child_detached(struct linux_kernel *k, int32_t lwp)
{
	struct linux_host_child *child = find(k, lwp);

	if (child != NULL)
		forget(k, child);
}

/* Whether other LWPs than the first are there, or have ended and were not waited for: each has a folder. */
static int
has_others(int32_t pid)
{
	char path[32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return stat(path, &st) == 0 && st.st_nlink > 3;
}

int32_t
pico_linux_wait_status(const siginfo_t *si)
{
	switch (si->si_code) {
	case CLD_EXITED:
		return (si->si_status & 0xff) << 8;
	case CLD_DUMPED:
		return si->si_status | 0x80;
	default:
		return si->si_status;
	}
}

int
pico_linux_host_child_ended(struct linux_kernel *k, struct pico_raw *raw)
{
	siginfo_t si = { 0 };

	for (uint32_t i = 0; i < k->host_children_count; i++) {
		struct linux_host_child *child = &k->host_children[i];
		if (child->state != PICO_HOST_CHILD_LET_GO || has_others(child->pid))
			continue;
		int e = waitid(P_PID, (id_t)child->pid, &si, WEXITED | WNOWAIT | __WALL) < 0 ? -errno : 0;
		if (e == -EINTR)
			return e;
		if (e == 0 && si.si_code == CLD_TRAPPED) {
			child->state = PICO_HOST_CHILD_LIVES;	/* an execve has given its id to another */
			continue;
		}
		raw->id = child->pid;
		/* The program may have taken it already: then it is as the kernel said before. */
		raw->status = e < 0 ? child->status : pico_linux_wait_status(&si);
		forget(k, child);
		return 1;
	}
	return 0;
}
