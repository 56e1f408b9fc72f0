/*
 * An execve(2) by one of several LWPs. It wakes the others and waits for their ends, and no stop of theirs is complete
 * before it is over: of two that come to a stop the second finds the first's begun, waits for that to be over, and
 * both wait for ever (10.99.12: exit_lwps(), proc_stoptrace(), eventswitch()). So that none comes to one:
 *
 * The LWP waits at the entry until the others have had their turns: a stop that they were in is told by then. Then it
 * goes on alone, with ends of LWPs not reported, and by PT_STEP: others that return from their calls stop for that where
 * calls are seen, and by PT_STEP they are not (trace_exit()). What it comes to is TRAP_EXEC, after which calls are seen
 * again, and its own exit is; or if it fails, it is back from the call, and the step tells: that stop is made its exit.
 */
#include <sys/param.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <elf.h>
#include <signal.h>
#include <string.h>

#include "../core/bytes.h"
#include "decode.h"
#include "netbsd_kernel.h"

void
pico_netbsd_note_execve(struct netbsd_kernel *k, struct netbsd_tracee *t, const uint8_t *siginfo)
{
	int32_t sysnum = pico_i32(siginfo + NETBSD_PSI_SYSNUM);

	if (t->lwp == 0 || pico_i32(siginfo + NETBSD_PSI_SIGNO) != SIGTRAP)
		return;
	if (t->to_exec == t->lwp)
		t->to_exec = 0;
	if (t->execing == t->lwp) {
		t->execing = 0;
		(void)pico_netbsd_set_mask(k, t);	/* ESRCH: killed, and its end comes next */
	}
	if (t->execing == 0 && t->to_exec == 0 && pico_netbsd_is_trap(siginfo, TRAP_SCE) &&
	    (sysnum == SYS_execve || sysnum == SYS_fexecve)) {
		t->to_exec = t->lwp;
		memcpy(t->exec_entry, siginfo, sizeof(t->exec_entry));
	}
}

int
pico_netbsd_execute(const struct netbsd_kernel *k, struct netbsd_tracee *t)
{
	if (t->to_exec != 0) {
		t->execing = t->to_exec;
		t->to_exec = 0;
		(void)pico_netbsd_set_mask(k, t);	/* ESRCH: killed, as the next request tells */
	}
#ifdef PT_STEP
	/* Where registers are not known, nor is whether it has failed. */
	if (t->execing == 0 || pico_netbsd_machine() == EM_NONE ||
	    ptrace(PT_STEP, t->pid, (void *)1, -t->execing) < 0)
		return 0;
	t->request = PT_STEP;
	t->stepping = -t->execing;
	return 1;
#else
	return 0;
#endif
}

void
pico_netbsd_make_exit(const struct netbsd_tracee *t, uint8_t *siginfo)
{
#ifdef PT_STEP
	struct pico_event result = { .error = 0 };
	struct pico_raw raw;

	if (t->execing == 0 || t->request != PT_STEP || !pico_netbsd_is_trap(siginfo, TRAP_TRACE) ||
	    pico_i32(siginfo + NETBSD_PSI_LWPID) != t->execing ||
	    pico_netbsd_read_regs(t->pid, t->execing, &raw) < 0 ||
	    pico_netbsd_result_of(&raw, &result) < 0)
		return;
	const int32_t code = TRAP_SCX, error = (int32_t)result.retval[0];
	memcpy(siginfo, t->exec_entry, sizeof(t->exec_entry));
	memcpy(siginfo + NETBSD_PSI_CODE, &code, sizeof(code));
	memcpy(siginfo + NETBSD_PSI_ERROR, &error, sizeof(error));
#else
	(void)t, (void)siginfo;
#endif
}
