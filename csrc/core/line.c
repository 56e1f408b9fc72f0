/*
 * Event -> one picotrace line. Pure; no stdio: a line costs tens of nanoseconds, and there is one for
 * every stop.
 */
#include <string.h>
#include <time.h>

#include "line.h"

#define NS_PER_S	1000000000ull
#define NS_PER_US	1000ull

char *
pico_put_str(char *p, const char *s)
{
	size_t n = strlen(s);
	memcpy(p, s, n);
	return p + n;
}

char *
pico_put_dec(char *p, int64_t value)
{
	char digits[20];
	int n = 0;
	uint64_t v = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do
		digits[n++] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	if (value < 0)
		*p++ = '-';
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

/* As printf's %#x: zero is "0". */
char *
pico_put_hex(char *p, uint64_t value)
{
	char digits[16];
	int n = 0;

	if (value == 0) {
		*p++ = '0';
		return p;
	}
	for (; value != 0; value >>= 4)
		digits[n++] = "0123456789abcdef"[value & 15];
	*p++ = '0';
	*p++ = 'x';
	while (n > 0)
		*p++ = digits[--n];
	return p;
}

/* As printf's %*s of what starts at `from` and ends at `p`. */
static char *
pad_left(char *from, char *p, int width)
{
	int n = (int)(p - from);

	if (n >= width)
		return p;
	memmove(from + (width - n), from, (size_t)n);
	memset(from, ' ', (size_t)(width - n));
	return from + width;
}

char *
pico_put_escaped(char *p, unsigned char c, char also)
{
	if (c == '\\' || (also != '\0' && c == (unsigned char)also)) {
		*p++ = '\\';
		*p++ = (char)c;
	} else if (c > ' ' && c < 0x7f) {
		*p++ = (char)c;
	} else {
		*p++ = '\\';
		*p++ = (char)('0' + (c >> 6));
		*p++ = (char)('0' + ((c >> 3) & 7));
		*p++ = (char)('0' + (c & 7));
	}
	return p;
}

/* A program can call itself anything, and nothing: that is written as the NUL that it starts with. */
static char *
put_program(char *p, const char *name, size_t size)
{
	if (name[0] == '\0')
		return pico_put_escaped(p, '\0', '\0');
	for (size_t i = 0; i < size && name[i] != '\0'; i++)
		p = pico_put_escaped(p, (unsigned char)name[i], '\0');
	return p;
}

static char *
put_digits(char *p, uint64_t value, int width)
{
	for (int i = width; i-- > 0; value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + width;
}

/* Seconds and microseconds. */
static char *
put_seconds(char *p, uint64_t ns)
{
	p = pico_put_dec(p, (int64_t)(ns / NS_PER_S));
	*p++ = '.';
	return put_digits(p, ns % NS_PER_S / NS_PER_US, 6);
}

/* Local time of the day. Its seconds are worked out once per second. */
static char *
put_clock(struct pico_style *s, char *p, uint64_t ts_ns)
{
	uint64_t ns = ts_ns + s->epoch_ns;
	time_t second = (time_t)(ns / NS_PER_S);

	if (second != s->second || s->clock[0] == '\0') {
		struct tm tm;
		if (localtime_r(&second, &tm) == NULL)
			memset(&tm, 0, sizeof(tm));
		char *q = put_digits(s->clock, (uint64_t)tm.tm_hour, 2);
		*q++ = ':';
		q = put_digits(q, (uint64_t)tm.tm_min, 2);
		*q++ = ':';
		q = put_digits(q, (uint64_t)tm.tm_sec, 2);
		*q = '\0';
		s->second = second;
	}
	p = pico_put_str(p, s->clock);
	*p++ = '.';
	p = put_digits(p, ns % NS_PER_S / NS_PER_US, 6);
	*p++ = ' ';
	return p;
}

/* Since the line before. */
static char *
put_since(struct pico_style *s, char *p, uint64_t ts_ns)
{
	char *from = p;
	uint64_t before = s->last_ns != 0 && s->last_ns <= ts_ns ? s->last_ns : ts_ns;

	s->last_ns = ts_ns;
	p = pad_left(from, put_seconds(p, ts_ns - before), 12);
	*p++ = ' ';
	return p;
}

/* Whose line it is. */
static size_t
make_columns(char *text, int32_t pid, int32_t lwp, const char *program)
{
	char *p = pad_left(text, pico_put_dec(text, pid), 6);

	*p++ = ' ';
	char *from = p;
	p = pad_left(from, pico_put_dec(from, lwp), 6);
	*p++ = ' ';
	from = p;
	p = pad_left(from, put_program(from, program, PICO_PROGRAM_SIZE), 14);
	*p++ = ' ';
	return (size_t)(p - text);
}

char *
pico_put_columns(struct pico_style *s, char *p, uint64_t ts_ns, int32_t pid, int32_t lwp,
    const char program[PICO_PROGRAM_SIZE])
{
	if (s->flags & PICO_TEXT_CLOCK)
		p = put_clock(s, p, ts_ns);
	if (s->flags & PICO_TEXT_SINCE)
		p = put_since(s, p, ts_ns);
	if (s->columns.size == 0 || s->columns.pid != pid || s->columns.lwp != lwp ||
	    memcmp(s->columns.program, program, PICO_PROGRAM_SIZE) != 0) {
		s->columns.pid = pid;
		s->columns.lwp = lwp;
		memcpy(s->columns.program, program, PICO_PROGRAM_SIZE);
		s->columns.size = make_columns(s->columns.text, pid, lwp, program);
	}
	memcpy(p, s->columns.text, s->columns.size);
	return p + s->columns.size;
}

static char *
put_call(const struct pico_style *s, char *p, const struct pico_event *ev)
{
	const char *name = NULL;

	if (ev->flags & PICO_HALF && ev->sysnum < 0)
		return pico_put_str(p, "UNKNOWN SYSCALL");
	if (!(s->flags & PICO_TEXT_NUMBERS) && ev->abi < PICO_ABIS)
		name = pico_names_get(s->syscalls[ev->abi], ev->sysnum);
	if (name != NULL)
		return pico_put_str(p, name);
	if (!(s->flags & PICO_TEXT_NUMBERS))
		p = pico_put_str(p, "UNKNOWN SYSCALL ");
	return pico_put_dec(p, ev->sysnum);
}

static char *
put_entry(const struct pico_style *s, char *p, const struct pico_event *ev)
{
	p = put_call(s, pico_put_str(p, "SCE "), ev);
	*p++ = '(';
	for (int i = 0; i < ev->nargs; i++) {
		if (i > 0)
			*p++ = ',';
		p = pico_put_hex(p, ev->args[i]);
	}
	*p++ = ')';
	return p;
}

static char *
put_result(char *p, const struct pico_event *ev, int returns)
{
	uint64_t result = ev->error != 0 ? 0 : ev->retval[0];

	if (returns == PICO_RETURNS_NOTHING)
		return pico_put_str(p, " ");	/* as the original has it */
	p = pico_put_str(p, " = ");
	if (returns == PICO_RETURNS_INT || returns == PICO_RETURNS_TWO)
		result &= 0xffffffffu;
	p = pico_put_hex(p, result);
	if (returns == PICO_RETURNS_TWO)
		p = pico_put_hex(pico_put_str(p, " "), ev->error != 0 ? 0 : ev->retval[1] & 0xffffffffu);
	return ev->flags & PICO_CUT ? pico_put_str(p, " (32 bits)") : p;
}

static char *
put_exit(const struct pico_style *s, char *p, const struct pico_event *ev)
{
	int returns = pico_names_returns(ev->abi < PICO_ABIS ? s->syscalls[ev->abi] : NULL, ev->sysnum);

	p = put_result(put_call(s, pico_put_str(p, "SCX "), ev), ev, returns);
	if (ev->error == 0)
		return p;
	p = pico_put_dec(pico_put_str(p, " Err#"), ev->error);
	const char *name = pico_names_get(s->errors, ev->error);
	if (name != NULL && !(s->flags & PICO_TEXT_NUMBERS)) {
		*p++ = ' ';
		p = pico_put_str(p, name);
	}
	return p;
}

static char *
put_signal_name(const struct pico_style *s, char *p, int32_t signo, int without_sig)
{
	const char *name = s->flags & PICO_TEXT_NUMBERS ? NULL : pico_names_get(s->signals, signo);

	if (name == NULL)
		return pico_put_dec(pico_put_str(p, "signal#"), signo);
	return pico_put_str(p, without_sig && strncmp(name, "SIG", 3) == 0 ? name + 3 : name);
}

static char *
put_signal(const struct pico_style *s, char *p, const struct pico_event *ev, const char *word)
{
	p = put_signal_name(s, pico_put_str(p, word), ev->signo, 0);
	if (ev->flags & PICO_UNTOLD)
		return p;
	p = pico_put_dec(pico_put_str(p, " si_code="), ev->code);
	if (s->flags & PICO_TEXT_SENDER && ev->flags & PICO_HAS_SENDER) {
		p = pico_put_dec(pico_put_str(p, " si_pid="), ev->sender);
		p = pico_put_dec(pico_put_str(p, " si_uid="), ev->uid);
	}
	if (ev->flags & PICO_HAS_ADDR)
		p = pico_put_hex(pico_put_str(p, " si_addr="), ev->addr);
	if (ev->flags & PICO_HAS_TRAP)
		p = pico_put_dec(pico_put_str(p, " si_trap="), ev->trap);
	return p;
}

static char *
put_body(const struct pico_style *s, char *p, const struct pico_event *ev)
{
	switch (ev->kind) {
	case PICO_SCE:
		return put_entry(s, p, ev);
	case PICO_SCX:
		return put_exit(s, p, ev);
	case PICO_EXEC:
		p = pico_put_str(p, "EXEC");
		return ev->other != 0 ? pico_put_dec(pico_put_str(p, " old_lwp="), ev->other) : p;
	case PICO_FORKED:
		return pico_put_dec(pico_put_str(p, "FORKED child="), ev->other);
	case PICO_VFORKED:
		return pico_put_dec(pico_put_str(p, "VFORKED child="), ev->other);
	case PICO_SPAWNED:
		return pico_put_dec(pico_put_str(p, "SPAWNED child="), ev->other);
	case PICO_VFORK_DONE:
		return pico_put_dec(pico_put_str(p, "VFORK_DONE child="), ev->other);
	case PICO_LWP_CREATED:
		return pico_put_dec(pico_put_str(p, "LWP_CREATED lwp="), ev->lwp);
	case PICO_LWP_EXITED:
		return pico_put_dec(pico_put_str(p, "LWP_EXITED lwp="), ev->lwp);
	case PICO_STOPPED:
		return put_signal(s, p, ev, "STOPPED ");
	case PICO_CRASHED:
		return put_signal(s, p, ev, "CRASHED ");
	case PICO_CONTINUED:
		return pico_put_str(p, "CONTINUED");
	case PICO_SIGNALED:
		p = put_signal_name(s, pico_put_str(p, "SIGNALED signal="), ev->signo, 1);
		return pico_put_str(p, ev->flags & PICO_CORE ? " core=true" : " core=false");
	case PICO_EXITED:
		return pico_put_dec(pico_put_str(p, "EXITED status="), ev->status);
	case PICO_SINGLESTEP:
		return pico_put_hex(pico_put_str(p, "SINGLESTEP pc="), ev->addr);
	case PICO_BREAKPOINT:
		return pico_put_hex(pico_put_str(p, "BREAKPOINT pc="), ev->addr);
	case PICO_DBREG:
		return pico_put_hex(pico_put_str(p, "DBREG pc="), ev->addr);
	case PICO_ATTACHED:
		return pico_put_str(p, "ATTACHED");
	case PICO_DETACHED:
		return pico_put_str(p, "DETACHED");
	default:
		return pico_put_dec(pico_put_str(p, "UNKNOWN EVENT "), ev->kind);
	}
}

/* The colour of a line's event, as terminals take it: failures red, processes and LWPs green, signals
 * yellow; calls that do not fail have none. */
static const char *
colour_of(const struct pico_event *ev)
{
	switch (ev->kind) {
	case PICO_SCE:
		return NULL;
	case PICO_SCX:
		return ev->error != 0 ? "\033[31m" : NULL;
	case PICO_CRASHED:
	case PICO_SIGNALED:
		return "\033[1;31m";
	case PICO_STOPPED:
	case PICO_CONTINUED:
		return "\033[33m";
	default:
		return "\033[32m";
	}
}

char *
pico_put_line(struct pico_style *s, char *p, const struct pico_event *ev)
{
	const char *colour = s->flags & PICO_TEXT_COLOUR ? colour_of(ev) : NULL;

	p = pico_put_columns(s, p, ev->ts_ns, ev->pid, ev->lwp, ev->program);
	if (colour != NULL)
		p = pico_put_str(p, colour);
	p = put_body(s, p, ev);
	if (colour != NULL)
		p = pico_put_str(p, "\033[0m");
	if (s->flags & PICO_TEXT_ELAPSED && ev->kind == PICO_SCX && !(ev->flags & PICO_HALF)) {
		p = put_seconds(pico_put_str(p, " <"), ev->elapsed_ns);
		*p++ = '>';
	}
	*p++ = '\n';
	return p;
}
