/* NetBSD's stops, decoded. Pure: compiled and tested on every OS. */
#ifndef PICO_NETBSD_DECODE_H
#define PICO_NETBSD_DECODE_H

#include "../core/kernel.h"

int pico_netbsd_decode(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);

#endif
