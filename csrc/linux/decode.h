/* Linux's stops, decoded. Pure: compiled and tested on every OS. */
#ifndef PICO_LINUX_DECODE_H
#define PICO_LINUX_DECODE_H

#include "../core/kernel.h"

int pico_linux_decode(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);

#endif
