/* What the tracer says, in Linux's words. Pure: compiled and tested on every OS. */
#ifndef PICO_LINUX_ENCODE_H
#define PICO_LINUX_ENCODE_H

#include "../core/kernel.h"

/* The siginfo_t of a signal, `size` bytes: the inverse of what decode.c makes of one. */
void pico_linux_siginfo(const struct pico_event *, uint8_t *si, size_t size);

#endif
