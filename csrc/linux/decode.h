/* Linux's stops, decoded. Pure: compiled and tested on every OS. */
#ifndef PICO_LINUX_DECODE_H
#define PICO_LINUX_DECODE_H

#include "../core/kernel.h"

int pico_linux_decode(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);
/* The number and ABI of the call that an LWP enters, from its syscall_info; 0: it enters none that is told. */
int pico_linux_entry_of(const struct pico_raw *, struct pico_event *);

#endif
