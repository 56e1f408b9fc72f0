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
	PICO_TEXT_OWNS_FILE = 2	/* nobody else writes to the descriptor: a cut line may be taken back */
};

/* Names by number, 0 to count - 1. `names` has them one after another, each ended by NUL, empty
 * where there is none. `nargs` (255: not known) and `narrow` (bit i: the kernel takes only the
 * lower 32 bits of argument i) are of system calls alone, else NULL. */
struct pico_names;
struct pico_names *pico_names_new(const char *names, const uint8_t *nargs, const uint8_t *narrow,
    uint32_t count);
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
/* Write out what is in the buffer. 0, or the -errno of the first write that failed: from then on
 * the lines are thrown away. Whole lines only, as far as the descriptor can be truncated. */
int pico_text_flush(struct pico_text *);
/* One event as a line, without the buffer; returns its length. `line` has PICO_LINE_MAX bytes. */
int pico_text_format(const struct pico_text *, const struct pico_event *, char *line);

/* cffi: end */

const char *pico_names_get(const struct pico_names *, int64_t number);
/* Complete what the table knows of a call: how many arguments it has, and their width. */
void pico_names_trim(const struct pico_names *, struct pico_event *);
void pico_text_put(struct pico_text *, const struct pico_event *);
int pico_text_pending(const struct pico_text *);

#endif
