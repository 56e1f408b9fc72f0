/*
 * Between fork and execve: what becomes of the child that a tracer starts, on every OS.
 */
#ifndef PICO_POSIX_CHILD_H
#define PICO_POSIX_CHILD_H

#include <signal.h>
#include <sys/types.h>

#include "../core/kernel.h"

/* Descriptors that do not collide with the child's 0, 1 and 2, and that no program inherits. */
struct pico_pipe {
	int read, write;
};

/* What an OS has to do of its own. All run in the child, where only async-signal-safe functions may be
 * called: the host may have had other threads, and their locks are held for ever here. */
struct pico_child_os {
	/* The dispositions that the tracer has changed for itself; may be NULL. */
	void (*signals)(void);
	/* Have all descriptors from this one on closed by execve. */
	void (*close_from)(int fd);
	/* Do not come back before this process is traced: 0 or -errno. */
	int (*be_traced)(const void *arg);
	const void *arg;
	/* A signal that the tracer has taken out of the mask of this thread, to be put back; 0: none. */
	int unblocked;
};

int pico_pipe_open(struct pico_pipe *);
void pico_pipe_close(struct pico_pipe *);
/* Close one end, once. */
void pico_fd_close(int *fd);

/* Fork, and have the child run the program. `errors` is where the child writes what has failed, and the errno;
 * it is closed by a successful execve. */
int pico_child_fork(const struct pico_launch *, const struct pico_child_os *, struct pico_pipe *errors,
    pid_t *pid);
/* The errno that the child has written, negative, and launch->failed; 0: none. */
int pico_child_error(const struct pico_launch *, struct pico_pipe *errors);

#endif
