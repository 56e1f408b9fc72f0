/*
 * The C core without Python: traces a command, or a process, to text. It exists so that the core can
 * run under sanitizers, which Python would pass on to every tracee if they were preloaded.
 *
 * usage: driver [-fk] [-o FILE] command [arg ...]
 *        driver [-f] [-o FILE] -p PID
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../csrc/core/loop.h"

extern char **environ;

/* A filter in the kernel that chooses every call: struct sock_filter, seccomp(2). */
static const struct {
	uint16_t code;
	uint8_t yes, no;
	uint32_t value;
} every_call = { 0x06 /* BPF_RET | BPF_K */, 0, 0, 0x7ff00000u /* SECCOMP_RET_TRACE */ | PICO_FILTER_WORD };

static void
check(const char *what, int e)
{
	if (e >= 0)
		return;
	fprintf(stderr, "driver: %s: %s\n", what, strerror(-e));
	exit(125);
}

static void
spawn(struct pico_loop *loop, char **argv)
{
	const char *paths[] = { argv[0], NULL };
	struct pico_launch launch = {
		.paths = paths,
		.argv = (const char *const *)argv,
		.envp = (const char *const *)environ,
		.stdio = { -1, -1, -1 },
		.close_from = -1,
		.umask = -1,
		.process_group = -1,
		.uid = -1,
		.gid = -1,
		.ngroups = -1,
	};
	int32_t pid;

	check("spawn", pico_loop_spawn(loop, &launch, &pid));
}

int
main(int argc, char **argv)
{
	int follow = 0, filter = 0, fd = 2, pid = 0, ch, e, n;

	while ((ch = getopt(argc, argv, "+fko:p:")) != -1) {
		if (ch == 'f')
			follow = 1;
		else if (ch == 'k')
			filter = 1;
		else if (ch == 'o')
			fd = open(optarg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		else if (ch == 'p')
			pid = atoi(optarg);
		else
			return 125;
	}
	check("open", fd < 0 ? -errno : 0);

	struct pico_kernel *kernel = pico_kernel_native(&e);
	check("kernel", e);
	struct pico_loop *loop = pico_loop_open(kernel, 0xffffe, follow, &e);
	check("loop", e);
	check("pin", pico_loop_set_pin(loop, PICO_PIN_AUTO));
	if (filter)
		check("filter", pico_loop_set_kernel_filter(loop, &every_call, sizeof(every_call)));
	struct pico_text *text = pico_text_new(fd, PICO_TEXT_NUMBERS);
	if (text == NULL)
		check("text", -ENOMEM);
	pico_loop_set_text(loop, text);
	pico_loop_set_mode(loop, PICO_MODE_TEXT);
	if (pid != 0)
		check("attach", pico_loop_attach(loop, pid));
	else
		spawn(loop, argv + optind);
	while ((n = pico_loop_next(loop, NULL, 0, 0)) == -EINTR)
		continue;
	check("next", n);

	struct pico_event end;
	int ended = pico_loop_root_end(loop, &end);
	check("close", pico_loop_close(loop, 5000000000ll));
	check("write", pico_text_flush(text));
	pico_loop_free(loop);
	pico_text_free(text);
	if (!ended)
		return 0;
	return end.kind == PICO_EXITED ? end.status : 128 + end.signo;
}
