/*
 * NetBSD 9, as far as later headers can tell: what it has not. To be included before all else.
 */
#define __LEGACY_PT_LWPINFO
#include <sys/types.h>
#include <sys/ptrace.h>
#include <signal.h>

#undef PT_STOP
#undef PT_LWPSTATUS
#undef PT_LWPNEXT
#undef PT_SET_SIGPASS
#undef PT_GET_SIGPASS
#undef si_pe_report_event
#undef si_pe_other_pid
#undef si_pe_lwp
