/*
 * Records what NetBSD's kernel tells a tracer, as JSON lines in the format of
 * tests/pure/netbsd/recordings/README.md. It needs nothing but a C compiler, and shares no code with what its
 * recordings test.
 *
 * usage: record [options] command [arg ...]
 *        record [options] -p pid
 *
 *	-o file		where to (standard output, which is the command's too)
 *	-s name		the scenario's name (the command's)
 *	-m mask		PT_SET_EVENT_MASK of the first process (63: all)
 *	-r		children do not get the mask
 *	-w		one PT_STEP after each SCX: results are whole
 *	-n count	end after so many stops (1000), and kill the tracees
 *	-d count	with -p: detach after so many
 */
#include <sys/types.h>
#include <sys/ptrace.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <machine/reg.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4096 };

static FILE *out;
static int mask = 63, on_children = 1, wide, most = 1000, detach_after;
static pid_t seen[MOST];
static int nseen;

static void
call(const char *req, pid_t pid, const char *what, int value, int result)
{
	int e = result < 0 ? errno : 0;

	(void)fprintf(out, "{\"call\":{\"req\":\"%s\",\"pid\":%d", req, (int)pid);
	if (what != NULL)
		(void)fprintf(out, ",\"%s\":%d", what, value);
	(void)fprintf(out, ",\"errno\":%d}}\n", e);
}

static void
set_mask(pid_t pid)
{
	ptrace_event_t events;

	memset(&events, 0, sizeof(events));
	events.pe_set_event = mask;
	call("PT_SET_EVENT_MASK", pid, "mask", mask, ptrace(PT_SET_EVENT_MASK, pid, &events, sizeof(events)));
}

/* 1: it has not stopped before. */
static int
is_new(pid_t pid)
{
	for (int i = 0; i < nseen; i++)
		if (seen[i] == pid)
			return 0;
	if (nseen == MOST)
		errx(1, "more than %d processes", MOST);
	seen[nseen++] = pid;
	return 1;
}

static void
forget(pid_t pid)
{
	for (int i = 0; i < nseen; i++)
		if (seen[i] == pid)
			seen[i--] = seen[--nseen];
}

static int
is_trap(const siginfo_t *si, int code)
{
	return si->si_signo == SIGTRAP && si->si_code == code;
}

static void
put_call(const siginfo_t *si)
{
	(void)fprintf(out, ",\"sysnum\":%d,\"args\":[", si->si_sysnum);
	for (int i = 0; i < 8; i++)
		(void)fprintf(out, "%s\"%#llx\"", i > 0 ? "," : "", (unsigned long long)si->si_args[i]);
	(void)fprintf(out, "],\"retval\":[%d,%d],\"error\":%d", si->si_retval[0], si->si_retval[1],
	    si->si_error);
}

static void
put_siginfo(const struct ptrace_siginfo *psi)
{
	const siginfo_t *si = &psi->psi_siginfo;
	const unsigned char *bytes = (const unsigned char *)psi;

	(void)fprintf(out, ",\"siginfo\":{\"lwp\":%d,\"signo\":%d,\"code\":%d,\"errno\":%d", (int)psi->psi_lwpid,
	    si->si_signo, si->si_code, si->si_errno);
	if (is_trap(si, TRAP_SCE) || is_trap(si, TRAP_SCX))
		put_call(si);
	else if (is_trap(si, TRAP_CHLD) || is_trap(si, TRAP_LWP))
		(void)fprintf(out, ",\"report_event\":%d,\"other\":%d", si->si_pe_report_event,
		    (int)si->si_pe_other_pid);
	else
		(void)fprintf(out, ",\"pid\":%d,\"uid\":%d,\"addr\":\"%#lx\"", (int)si->si_pid, (int)si->si_uid,
		    (unsigned long)si->si_addr);
	(void)fprintf(out, "},\"siginfo_hex\":\"");
	for (size_t i = 0; i < sizeof(*psi); i++)
		(void)fprintf(out, "%02x", bytes[i]);
	(void)fprintf(out, "\"");
}

static void
put_state(pid_t pid)
{
	ptrace_state_t state;

	memset(&state, 0, sizeof(state));
	if (ptrace(PT_GET_PROCESS_STATE, pid, &state, sizeof(state)) == 0)
		(void)fprintf(out, ",\"state\":{\"report_event\":%d,\"other\":%d}", state.pe_report_event,
		    (int)state.pe_other_pid);
}

/* Of the machines whose registers the format knows. */
static void
put_regs(pid_t pid, lwpid_t lwp)
{
#ifdef __x86_64__
	struct reg r;

	if (ptrace(PT_GETREGS, pid, &r, lwp) == 0)
		(void)fprintf(out, ",\"regs\":{\"rax\":\"%#lx\",\"rdx\":\"%#lx\",\"rdi\":\"%#lx\",\"rsi\":\"%#lx\","
		    "\"rip\":\"%#lx\",\"rsp\":\"%#lx\",\"rflags\":\"%#lx\"}", (unsigned long)r.regs[_REG_RAX],
		    (unsigned long)r.regs[_REG_RDX], (unsigned long)r.regs[_REG_RDI],
		    (unsigned long)r.regs[_REG_RSI], (unsigned long)r.regs[_REG_RIP],
		    (unsigned long)r.regs[_REG_RSP], (unsigned long)r.regs[_REG_RFLAGS]);
#else
	(void)pid, (void)lwp;
#endif
}

/* The signal to be passed on. The number is the wait status's, for siginfo may be that of an earlier one; and a
 * signal that stops would, passed on, stop it again without end. */
static int
to_pass(int signo, const siginfo_t *si)
{
	switch (signo) {
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return 0;
	case SIGTRAP:
		return si->si_signo == SIGTRAP && si->si_code > TRAP_BRKPT ? 0 : signo;
	default:
		return signo;
	}
}

static void
take_stop(pid_t pid, int status)
{
	struct ptrace_siginfo psi;

	memset(&psi, 0, sizeof(psi));
	(void)fprintf(out, "{\"stop\":{\"pid\":%d,\"status\":%d", (int)pid, status);
	if (ptrace(PT_GET_SIGINFO, pid, &psi, sizeof(psi)) == 0) {
		put_siginfo(&psi);
		put_state(pid);
		put_regs(pid, psi.psi_lwpid);
	}
	(void)fprintf(out, "}}\n");
	int first = nseen == 0;
	if (is_new(pid) && (first || on_children))
		set_mask(pid);
	if (detach_after > 0 && --detach_after == 0) {
		call("PT_DETACH", pid, "signo", 0, ptrace(PT_DETACH, pid, (void *)1, 0));
		forget(pid);
		return;
	}
#ifdef PT_STEP
	if (wide && is_trap(&psi.psi_siginfo, TRAP_SCX) && WSTOPSIG(status) == SIGTRAP) {
		call("PT_STEP", pid, NULL, 0, ptrace(PT_STEP, pid, (void *)1, -psi.psi_lwpid));
		return;
	}
#endif
	int signo = to_pass(WSTOPSIG(status), &psi.psi_siginfo);
	call("PT_SYSCALL", pid, "signo", signo, ptrace(PT_SYSCALL, pid, (void *)1, signo));
}

static void
start(char **argv)
{
	(void)fflush(out);	/* the child has a copy of what is not written yet */
	pid_t pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (ptrace(PT_TRACE_ME, 0, NULL, 0) == 0) {
			(void)raise(SIGSTOP);
			(void)execvp(argv[0], argv);
		}
		warn("%s", argv[0]);
		_exit(127);
	}
}

static void
record(void)
{
	int status;

	for (int stops = 0; detach_after >= 0;) {
		pid_t pid = waitpid(-1, &status, 0);
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0) {
			if (errno != ECHILD)
				(void)fprintf(out, "{\"wait_errno\":%d}\n", errno);
			return;
		}
		if (!WIFSTOPPED(status)) {
			(void)fprintf(out, "{\"end\":{\"pid\":%d,\"status\":%d}}\n", (int)pid, status);
			forget(pid);
			continue;
		}
		take_stop(pid, status);
		if (++stops < most)
			continue;
		(void)fprintf(out, "{\"cut\":%d}\n", stops);
		for (int i = 0; i < nseen; i++)
			(void)kill(seen[i], SIGKILL);
		return;
	}
}

int
main(int argc, char **argv)
{
	const char *name = NULL;
	struct utsname system;
	pid_t target = 0;
	int ch;

	out = stdout;
	while ((ch = getopt(argc, argv, "+o:s:m:rwn:d:p:")) != -1) {
		switch (ch) {
		case 'o': out = fopen(optarg, "we"); break;
		case 's': name = optarg; break;
		case 'm': mask = atoi(optarg); break;
		case 'r': on_children = 0; break;
		case 'w': wide = 1; break;
		case 'n': most = atoi(optarg); break;
		case 'd': detach_after = atoi(optarg); break;
		case 'p': target = atoi(optarg); break;
		default: errx(2, "usage: record [-rw] [-o file] [-s name] [-m mask] [-n count] command | -p pid [-d count]");
		}
	}
	if (out == NULL)
		err(1, "-o");
	argv += optind;
	if ((target == 0) == (argv[0] == NULL))
		errx(2, "give a command, or -p pid");
	if (uname(&system) < 0)
		err(1, "uname");
	(void)fprintf(out, "{\"recording\":{\"format\":1,\"scenario\":\"%s\",\"os\":\"%s\",\"release\":\"%s\","
	    "\"machine\":\"%s\",\"attach\":%d,\"event_mask\":%d,\"mask_on_children\":%d,\"step_after_scx\":%d,"
	    "\"sizeof_ptrace_siginfo\":%zu}}\n", name != NULL ? name : target != 0 ? "attach" : argv[0],
	    system.sysname, system.release, system.machine, target != 0, mask, on_children, wide,
	    sizeof(struct ptrace_siginfo));
	if (target != 0)
		call("PT_ATTACH", target, NULL, 0, ptrace(PT_ATTACH, target, NULL, 0));
	else
		start(argv);
	record();
	return fclose(out) == 0 ? 0 : 1;
}
