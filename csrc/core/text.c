/*
 * Event -> one picotrace line, into a buffered descriptor. No stdio: a line costs tens of
 * nanoseconds, and there is one for every stop.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

enum { BUFFER = 64 * 1024 };

struct pico_text {
	int fd;
	uint32_t flags;
	int error;		/* of the first write that failed */
	size_t used;
	off_t whole;		/* offset of the descriptor after what was written so far; -1: no file */
	const struct pico_names *syscalls[PICO_ABIS];
	const struct pico_names *errors, *signals;
	char buffer[BUFFER];
};

struct pico_text *
pico_text_new(int fd, uint32_t flags)
{
	struct pico_text *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->fd = fd;
	t->flags = flags;
	t->whole = flags & PICO_TEXT_OWNS_FILE ? lseek(fd, 0, SEEK_CUR) : -1;
	return t;
}

void
pico_text_free(struct pico_text *t)
{
	free(t);
}

void
pico_text_set_syscalls(struct pico_text *t, int abi, const struct pico_names *names)
{
	if (abi >= 0 && abi < PICO_ABIS)
		t->syscalls[abi] = names;
}

void
pico_text_set_errors(struct pico_text *t, const struct pico_names *names)
{
	t->errors = names;
}

void
pico_text_set_signals(struct pico_text *t, const struct pico_names *names)
{
	t->signals = names;
}

static char *
put_str(char *p, const char *s)
{
	size_t n = strlen(s);
	memcpy(p, s, n);
	return p + n;
}

static char *
put_dec(char *p, int64_t value)
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
static char *
put_hex(char *p, uint64_t value)
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

/* A program can call itself anything: spaces, control and high bytes are written as \ooo, and the
 * backslash as \\, so that no name can imitate another column or another line. Nor can no name:
 * it is written as the NUL that it starts with. */
static char *
put_program(char *p, const char *name, size_t size)
{
	if (name[0] == '\0')
		return put_str(p, "\\000");
	for (size_t i = 0; i < size && name[i] != '\0'; i++) {
		unsigned char c = (unsigned char)name[i];
		if (c == '\\') {
			*p++ = '\\';
			*p++ = '\\';
		} else if (c > ' ' && c < 0x7f) {
			*p++ = (char)c;
		} else {
			*p++ = '\\';
			*p++ = (char)('0' + (c >> 6));
			*p++ = (char)('0' + ((c >> 3) & 7));
			*p++ = (char)('0' + (c & 7));
		}
	}
	return p;
}

static char *
put_call(const struct pico_text *t, char *p, const struct pico_event *ev)
{
	const char *name = NULL;

	if (ev->flags & PICO_HALF && ev->sysnum < 0)
		return put_str(p, "UNKNOWN SYSCALL");
	if (!(t->flags & PICO_TEXT_NUMBERS) && ev->abi < PICO_ABIS)
		name = pico_names_get(t->syscalls[ev->abi], ev->sysnum);
	if (name != NULL)
		return put_str(p, name);
	if (!(t->flags & PICO_TEXT_NUMBERS))
		p = put_str(p, "UNKNOWN SYSCALL ");
	return put_dec(p, ev->sysnum);
}

static char *
put_entry(const struct pico_text *t, char *p, const struct pico_event *ev)
{
	p = put_call(t, put_str(p, "SCE "), ev);
	*p++ = '(';
	for (int i = 0; i < ev->nargs; i++) {
		if (i > 0)
			*p++ = ',';
		p = put_hex(p, ev->args[i]);
	}
	*p++ = ')';
	return p;
}

static char *
put_exit(const struct pico_text *t, char *p, const struct pico_event *ev)
{
	p = put_call(t, put_str(p, "SCX "), ev);
	p = put_hex(put_str(p, " = "), ev->error != 0 ? 0 : ev->retval[0]);
	if (ev->error == 0)
		return p;
	p = put_dec(put_str(p, " Err#"), ev->error);
	const char *name = pico_names_get(t->errors, ev->error);
	if (name != NULL && !(t->flags & PICO_TEXT_NUMBERS)) {
		*p++ = ' ';
		p = put_str(p, name);
	}
	return p;
}

static char *
put_signal_name(const struct pico_text *t, char *p, int32_t signo, int without_sig)
{
	const char *name = t->flags & PICO_TEXT_NUMBERS ? NULL : pico_names_get(t->signals, signo);

	if (name == NULL)
		return put_dec(put_str(p, "signal#"), signo);
	return put_str(p, without_sig && strncmp(name, "SIG", 3) == 0 ? name + 3 : name);
}

static char *
put_signal(const struct pico_text *t, char *p, const struct pico_event *ev, const char *word)
{
	p = put_signal_name(t, put_str(p, word), ev->signo, 0);
	p = put_dec(put_str(p, " si_code="), ev->code);
	if (ev->flags & PICO_HAS_SENDER) {
		p = put_dec(put_str(p, " si_pid="), ev->sender);
		p = put_dec(put_str(p, " si_uid="), ev->uid);
	}
	if (ev->flags & PICO_HAS_ADDR)
		p = put_hex(put_str(p, " si_addr="), ev->addr);
	if (ev->flags & PICO_HAS_TRAP)
		p = put_dec(put_str(p, " si_trap="), ev->trap);
	return p;
}

static char *
put_body(const struct pico_text *t, char *p, const struct pico_event *ev)
{
	switch (ev->kind) {
	case PICO_SCE:
		return put_entry(t, p, ev);
	case PICO_SCX:
		return put_exit(t, p, ev);
	case PICO_EXEC:
		p = put_str(p, "EXEC");
		return ev->other != 0 ? put_dec(put_str(p, " old_lwp="), ev->other) : p;
	case PICO_FORKED:
		return put_dec(put_str(p, "FORKED child="), ev->other);
	case PICO_VFORKED:
		return put_dec(put_str(p, "VFORKED child="), ev->other);
	case PICO_SPAWNED:
		return put_dec(put_str(p, "SPAWNED child="), ev->other);
	case PICO_VFORK_DONE:
		return put_dec(put_str(p, "VFORK_DONE child="), ev->other);
	case PICO_LWP_CREATED:
		return put_dec(put_str(p, "LWP_CREATED lwp="), ev->lwp);
	case PICO_LWP_EXITED:
		return put_dec(put_str(p, "LWP_EXITED lwp="), ev->lwp);
	case PICO_STOPPED:
		return put_signal(t, p, ev, "STOPPED ");
	case PICO_CRASHED:
		return put_signal(t, p, ev, "CRASHED ");
	case PICO_CONTINUED:
		return put_str(p, "CONTINUED");
	case PICO_SIGNALED:
		p = put_signal_name(t, put_str(p, "SIGNALED signal="), ev->signo, 1);
		return put_str(p, ev->flags & PICO_CORE ? " core=true" : " core=false");
	case PICO_EXITED:
		return put_dec(put_str(p, "EXITED status="), ev->status);
	case PICO_SINGLESTEP:
		return put_hex(put_str(p, "SINGLESTEP pc="), ev->addr);
	case PICO_BREAKPOINT:
		return put_hex(put_str(p, "BREAKPOINT pc="), ev->addr);
	case PICO_DBREG:
		return put_hex(put_str(p, "DBREG pc="), ev->addr);
	case PICO_ATTACHED:
		return put_str(p, "ATTACHED");
	case PICO_DETACHED:
		return put_str(p, "DETACHED");
	default:
		return put_dec(put_str(p, "UNKNOWN EVENT "), ev->kind);
	}
}

int
pico_text_format(const struct pico_text *t, const struct pico_event *ev, char *line)
{
	char *from = line, *p;

	p = pad_left(from, put_dec(from, ev->pid), 6);
	*p++ = ' ';
	from = p;
	p = pad_left(from, put_dec(from, ev->lwp), 6);
	*p++ = ' ';
	from = p;
	p = pad_left(from, put_program(from, ev->program, sizeof(ev->program)), 14);
	*p++ = ' ';
	p = put_body(t, p, ev);
	*p++ = '\n';
	return (int)(p - line);
}

int
pico_text_pending(const struct pico_text *t)
{
	return t->used > 0;
}

void
pico_text_put(struct pico_text *t, const struct pico_event *ev)
{
	if (t->error != 0)
		return;
	if (t->used + PICO_LINE_MAX > BUFFER && pico_text_flush(t) < 0)
		return;
	t->used += (size_t)pico_text_format(t, ev, t->buffer + t->used);
}

/* Write all of it: a signal or a full pipe on a non-blocking descriptor is no reason to lose lines.
 * Returns how much was written; less than n means that errno says why. */
static size_t
write_all(int fd, const char *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = write(fd, p + done, n - done);
		if (k > 0) {
			done += (size_t)k;
		} else if (k < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };
			(void)poll(&wait, 1, -1);
		} else if (k < 0 && errno != EINTR) {
			break;
		}
	}
	return done;
}

int
pico_text_flush(struct pico_text *t)
{
	if (t->error != 0 || t->used == 0)
		return t->error;

	size_t n = t->used, done = write_all(t->fd, t->buffer, n);
	t->used = 0;
	if (done == n) {
		if (t->whole >= 0)
			t->whole += (off_t)n;
		return 0;
	}
	t->error = -errno;
	/* The disk is full in the middle of a line: give the part of it back. */
	while (done > 0 && t->buffer[done - 1] != '\n')
		done--;
	if (t->whole >= 0 && ftruncate(t->fd, t->whole + (off_t)done) < 0)
		t->whole = -1;	/* not a file that can be cut: nothing more can be done */
	return t->error;
}
