/*
 * A fault has two stops: one where the LWP has done it, and when the signal is passed on from there one more, with the
 * same siginfo, for that (10.99.12: trapsignal(), then issignal()). The second is not told.
 */
#include <string.h>

#include "../core/bytes.h"
#include "decode.h"
#include "netbsd_kernel.h"

int
pico_netbsd_echo_of(const struct netbsd_tracee *t)
{
	int32_t code = pico_i32(t->told + NETBSD_PSI_CODE);

	return pico_i32(t->told + NETBSD_PSI_SIGNO) == t->passed && pico_netbsd_is_fault(t->passed, code) ? t->passed : 0;
}

int
pico_netbsd_is_echo(struct netbsd_tracee *t, int signo)
{
	uint8_t now[NETBSD_PSI_SIZE];

	if (pico_netbsd_siginfo(t->pid, now) < 0)
		return 0;
	int is = t->echo == signo && memcmp(now, t->told, sizeof(now)) == 0;
	/* Where the LWP has come to something else there is none; another's stop may be before it. */
	if (is || pico_i32(now + NETBSD_PSI_LWPID) == pico_i32(t->told + NETBSD_PSI_LWPID))
		t->echo = 0;
	return is;
}
