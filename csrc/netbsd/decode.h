/* NetBSD's stops, decoded. Pure: compiled and tested on every OS. */
#ifndef PICO_NETBSD_DECODE_H
#define PICO_NETBSD_DECODE_H

#include "../core/kernel.h"

int pico_netbsd_decode(const struct pico_raw *, const struct pico_lwp *, struct pico_decoded *);
/* Whether a signal with that code is the LWP's own doing. */
int pico_netbsd_is_fault(int signo, int code);
int pico_netbsd_lwp_of(const struct pico_raw *, int32_t *lwp);
/* The result of the call that has just been left, by the registers after one more step. */
int pico_netbsd_result_of(const struct pico_raw *, struct pico_event *);

#endif
