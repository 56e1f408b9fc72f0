/*
 * A loop from its first to its last: made, told what is wanted of it, freed.
 */
#include <errno.h>
#include <stdlib.h>

#include "loop_state.h"

struct pico_loop *
pico_loop_open(struct pico_kernel *kernel, uint32_t events, int follow, int *error)
{
	struct pico_loop *loop = calloc(1, sizeof(*loop));

	*error = -ENOMEM;
	if (loop == NULL || pico_lwps_init(&loop->lwps) < 0) {
		free(loop);
		kernel->close(kernel);
		return NULL;
	}
	loop->kernel = kernel;
	loop->events = events;
	loop->follow = follow;
	loop->whole_results = 1;
	*error = 0;
	return loop;
}

void
pico_loop_set_syscalls(struct pico_loop *loop, int abi, const struct pico_names *names)
{
	if (abi >= 0 && abi < PICO_ABIS)
		loop->syscalls[abi] = names;
}

void
pico_loop_set_text(struct pico_loop *loop, struct pico_text *text)
{
	loop->text = text;
}

void
pico_loop_set_whole_results(struct pico_loop *loop, int whole_results)
{
	loop->whole_results = whole_results;
}

void
pico_loop_set_mode(struct pico_loop *loop, int mode)
{
	loop->mode = mode;
}

void
pico_loop_set_alone(struct pico_loop *loop)
{
	if (loop->kernel->alone != NULL)
		loop->kernel->alone(loop->kernel);
}

int
pico_loop_set_pin(struct pico_loop *loop, int cpu)
{
	struct pico_kernel *k = loop->kernel;

	if (k->set_pin == NULL)
		return cpu >= 0 ? -EOPNOTSUPP : 0;
	return k->set_pin(k, cpu);
}

void
pico_loop_free(struct pico_loop *loop)
{
	if (loop == NULL)
		return;
	loop->kernel->close(loop->kernel);
	pico_lwps_destroy(&loop->lwps);
	free(loop->rest.records);
	free(loop);
}
