/*
 * Pieces of lines: what text.c, line.c and image.c share. Each writes at `p` and returns the end.
 */
#ifndef PICO_LINE_H
#define PICO_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "text.h"

enum {
	PICO_PROGRAM_SIZE = sizeof(((struct pico_event *)0)->program),
	PICO_ESCAPED_MAX = 4,			/* what a byte takes at most */
	PICO_COLUMNS_MAX = 2 * 12 + PICO_PROGRAM_SIZE * PICO_ESCAPED_MAX + 1
};

/* How events look as text, and what is remembered from line to line for it. */
struct pico_style {
	uint32_t flags;				/* enum pico_text_flags */
	uint64_t epoch_ns;			/* CLOCK_REALTIME less CLOCK_MONOTONIC */
	const struct pico_names *syscalls[PICO_ABIS];
	const struct pico_names *errors, *signals, *auxv;
	uint64_t last_ns;			/* of the line before; 0: there was none */
	int64_t second;				/* whose clock time is in `clock` */
	char clock[16];
	struct {				/* those of the line before: mostly the same come again */
		int32_t pid, lwp;
		char program[PICO_PROGRAM_SIZE];
		char text[PICO_COLUMNS_MAX];
		size_t size;			/* of `text`; 0: there is none */
	} columns;
};

char *pico_put_str(char *, const char *);
char *pico_put_dec(char *, int64_t);
char *pico_put_hex(char *, uint64_t);
/* One byte of a text that anybody may have made: what could be taken for a column, a line or a
 * terminal's command is written as \ooo, the backslash as \\. `also` is escaped too, if not NUL. */
char *pico_put_escaped(char *, unsigned char, char also);
/* Time stamps, and the columns up to the event. */
char *pico_put_columns(struct pico_style *, char *, uint64_t ts_ns, int32_t pid, int32_t lwp,
    const char program[PICO_PROGRAM_SIZE]);
/* The whole line, its newline included; at most PICO_LINE_MAX. */
char *pico_put_line(struct pico_style *, char *, const struct pico_event *);

#endif
