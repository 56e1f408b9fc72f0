/*
 * Events as lines of text in picotrace's columns, into a buffered descriptor.
 */
#ifndef PICO_TEXT_H
#define PICO_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* cffi: begin */

enum pico_text_flags {
	PICO_TEXT_NUMBERS = 1,	/* numbers in place of names */
	PICO_TEXT_OWNS_FILE = 2,	/* nobody else writes to the descriptor: a cut line may be taken back */
	PICO_TEXT_CLOCK = 4,	/* each line begins with the local time */
	PICO_TEXT_SINCE = 8,	/* ... with the time since the line before */
	PICO_TEXT_ELAPSED = 16,	/* SCX ends with the time spent in the call */
	PICO_TEXT_COLOUR = 32,
	PICO_TEXT_ARGV = 64,	/* the arguments of each new image */
	PICO_TEXT_ENV = 128,	/* its environment, */
	PICO_TEXT_AUXV = 256,	/* and its auxiliary vector */
	PICO_TEXT_SENDER = 512,	/* who sent a signal, where that is known */
	PICO_TEXT_KEPT = 1024	/* there is no descriptor: lines are kept until somebody takes them */
};

/* What a call returns. */
enum pico_returns {
	PICO_RETURNS_WORD = 0,	/* as wide as a register */
	PICO_RETURNS_INT = 1,	/* 32 bits */
	PICO_RETURNS_NOTHING = 2,
	PICO_RETURNS_TWO = 3,	/* two of 32 bits */
	PICO_RETURNS_QUAD = 4,	/* 64 bits, in two registers of 32 */
	PICO_RETURNS_UPTO = 8	/* + i: as many as argument i says at most, or a negative int */
};

/* Names by number, from `first` on. `names` has them one after another, each ended by NUL, empty
 * where there is none. `nargs` (255: not known), `narrow` (bit i: the kernel takes only the
 * lower 32 bits of argument i) and `returns` (enum pico_returns) are of system calls alone, else NULL. */
struct pico_names;
struct pico_names *pico_names_new(const char *names, const uint8_t *nargs, const uint8_t *narrow,
    const uint8_t *returns, uint32_t count, int64_t first);
void pico_names_free(struct pico_names *);

/* The longest line, its newline included. */
enum { PICO_LINE_MAX = 512 };

struct pico_text;
struct pico_text *pico_text_new(int fd, uint32_t flags);
void pico_text_free(struct pico_text *);
/* Names are borrowed. What is never set is written as a number. */
void pico_text_set_syscalls(struct pico_text *, int abi, const struct pico_names *);
void pico_text_set_errors(struct pico_text *, const struct pico_names *);
void pico_text_set_signals(struct pico_text *, const struct pico_names *);
/* Entries of the auxiliary vector; nargs is 1 where the value is the address of a string. */
void pico_text_set_auxv(struct pico_text *, const struct pico_names *);
/* Write out what is in the buffer. 0; -EINTR where a signal came while the reader let it wait: the rest
 * is still there, call again; or the -errno of the first write that failed: from then on the lines
 * are thrown away. Whole lines only, as far as the descriptor can be truncated. */
int pico_text_flush(struct pico_text *);
/* Lines that somebody else has made, into the same buffer: how many bytes of them were taken, fewer where a signal
 * came while the reader let it wait; or the -errno of the first write that failed. */
int64_t pico_text_write(struct pico_text *, const void *lines, size_t size);
/* Of a text that is KEPT: lines of one process, from `start` on to where the next piece starts. */
struct pico_piece {
	int32_t pid;
	int32_t last;		/* it has ended, or was let go */
	uint64_t start;
};
/* All of them, and their lines, `size` bytes, which are there until pico_text_taken: how many pieces; or -ENOMEM, and
 * from some line on they are lost. */
int pico_text_pieces(const struct pico_text *, const struct pico_piece **, const char **lines, uint64_t *size);
void pico_text_taken(struct pico_text *);
/* One event as a line, without the buffer; returns its length. `line` has PICO_LINE_MAX bytes. */
int pico_text_format(struct pico_text *, const struct pico_event *, char *line);

/* cffi: end */

const char *pico_names_get(const struct pico_names *, int64_t number);
/* The nargs of a number, 0 where it has none. */
int pico_names_nargs(const struct pico_names *, int64_t number);
/* What a call returns, PICO_RETURNS_WORD where that is not known. */
int pico_names_returns(const struct pico_names *, int64_t number);
/* Whether 32 bits are enough for the result of this call, with these arguments. */
int pico_names_fits_int(const struct pico_names *, const struct pico_event *);
/* Make one of two words that are one result. */
void pico_names_join(const struct pico_names *, struct pico_event *);
/* Complete what the table knows of a call: how many arguments it has, and their width. */
void pico_names_trim(const struct pico_names *, struct pico_event *);
void pico_text_put(struct pico_text *, const struct pico_event *);
int pico_text_pending(const struct pico_text *);
int pico_text_is_kept(const struct pico_text *);
/* The reader stalls, and cannot be waited for any longer: what it has not read is lost. */
void pico_text_give_up(struct pico_text *);
/* Whether there may be no room for what one more stop has to say. */
int pico_text_full(const struct pico_text *);

struct pico_style;
struct pico_style *pico_text_style(struct pico_text *);
/* Room for `size` bytes at the end of the buffer, NULL where the trace is lost; then say where they
 * end. A line that is longer than the buffer is put in pieces. */
char *pico_text_room(struct pico_text *, size_t size);
void pico_text_used(struct pico_text *, const char *end);

#endif
