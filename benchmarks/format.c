/*
 * Formatting a line, by the tracer's own writer: nanoseconds for each, of an entry and an exit in turn.
 *
 * usage: format LINES FILE
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../csrc/core/text.h"

static double
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

int
main(int argc, char **argv)
{
	struct pico_event ev = { .pid = 12345, .lwp = 12345, .abi = PICO_ABI_LINUX_X86_64, .nargs = 3, .sysnum = 0,
		.args = { 3, 0x7ffd12345678, 4096 }, .retval = { 4096, 0 }, .program = "program" };

	if (argc != 3)
		return 2;
	long lines = atol(argv[1]);
	int fd = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	struct pico_names *names = pico_names_new("read", NULL, NULL, NULL, 1, 0);
	struct pico_text *text = pico_text_new(fd, 0);
	if (fd < 0 || names == NULL || text == NULL)
		return 1;
	pico_text_set_syscalls(text, PICO_ABI_LINUX_X86_64, names);
	double start = now_ns();
	for (long n = 0; n < lines; n++) {
		ev.kind = n % 2 ? PICO_SCX : PICO_SCE;
		pico_text_put(text, &ev);
		if (pico_text_full(text) && pico_text_flush(text) < 0)
			return 1;
	}
	if (pico_text_flush(text) < 0)
		return 1;
	printf("%.1f\n", (now_ns() - start) / (double)lines);
	return 0;
}
