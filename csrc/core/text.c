/*
 * Lines into a buffered descriptor. Whole lines only, as far as that can be had.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "line.h"
#include "pieces.h"
#include "text.h"

/* The loop keeps RESERVE free: no single stop needs more, but for the arguments of a new image. */
enum { BUFFER = 64 * 1024, RESERVE = 4 * PICO_LINE_MAX };

struct pico_text {
	int fd;
	int error;		/* of the first write that failed */
	int owned;		/* the descriptor is a file that nobody else writes to */
	off_t written;		/* its offset */
	off_t whole;		/* its offset after the last whole line */
	size_t used, size;	/* of the buffer, which grows where lines are kept */
	struct pico_pieces pieces;
	struct pico_style style;
	char *buffer;
};

static uint64_t
nanoseconds(clockid_t clock)
{
	struct timespec now;
	(void)clock_gettime(clock, &now);	/* cannot fail: the clock exists, now is ours */
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The clock of the day is set now and then, and goes on while the machine is suspended; the other does not. */
static void
look_at_clock(struct pico_text *t)
{
	t->style.epoch_ns = nanoseconds(CLOCK_REALTIME) - nanoseconds(CLOCK_MONOTONIC);
}

struct pico_text *
pico_text_new(int fd, uint32_t flags)
{
	struct pico_text *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return NULL;
	t->size = BUFFER;
	t->buffer = malloc(t->size);
	if (t->buffer == NULL) {
		free(t);
		return NULL;
	}
	t->fd = fd;
	t->style.flags = flags;
	look_at_clock(t);
	t->written = t->whole = flags & PICO_TEXT_OWNS_FILE ? lseek(fd, 0, SEEK_CUR) : -1;
	t->owned = t->written >= 0;
	return t;
}

void
pico_text_free(struct pico_text *t)
{
	if (t == NULL)
		return;
	pico_pieces_destroy(&t->pieces);
	free(t->buffer);
	free(t);
}

void
pico_text_set_syscalls(struct pico_text *t, int abi, const struct pico_names *names)
{
	if (abi >= 0 && abi < PICO_ABIS)
		t->style.syscalls[abi] = names;
}

void
pico_text_set_errors(struct pico_text *t, const struct pico_names *names)
{
	t->style.errors = names;
}

void
pico_text_set_signals(struct pico_text *t, const struct pico_names *names)
{
	t->style.signals = names;
}

void
pico_text_set_auxv(struct pico_text *t, const struct pico_names *names)
{
	t->style.auxv = names;
}

struct pico_style *
pico_text_style(struct pico_text *t)
{
	return &t->style;
}

int
pico_text_pending(const struct pico_text *t)
{
	return t->used > 0;
}

int
pico_text_is_kept(const struct pico_text *t)
{
	return (t->style.flags & PICO_TEXT_KEPT) != 0;
}

int
pico_text_full(const struct pico_text *t)
{
	return t->used + RESERVE > BUFFER;
}

void
pico_text_give_up(struct pico_text *t)
{
	if (t->error == 0)
		t->error = -EAGAIN;
	t->used = 0;
}

static void
grow(struct pico_text *t)
{
	char *buffer = realloc(t->buffer, 2 * t->size);

	if (buffer == NULL) {
		t->error = -ENOMEM;
		return;
	}
	t->buffer = buffer;
	t->size *= 2;
}

char *
pico_text_room(struct pico_text *t, size_t size)
{
	/* Here a signal has to wait: what is under way is in the middle of a stop. */
	while (t->error == 0 && t->used + size > t->size)
		if (pico_text_is_kept(t))
			grow(t);
		else
			(void)pico_text_flush(t);
	return t->error == 0 ? t->buffer + t->used : NULL;
}

void
pico_text_used(struct pico_text *t, const char *end)
{
	t->used = (size_t)(end - t->buffer);
}

void
pico_text_put(struct pico_text *t, const struct pico_event *ev)
{
	int last = ev->kind == PICO_EXITED || ev->kind == PICO_SIGNALED || ev->kind == PICO_DETACHED;
	char *p = pico_text_room(t, PICO_LINE_MAX);

	if (p == NULL)
		return;
	if (pico_text_is_kept(t) && (t->error = pico_pieces_next(&t->pieces, ev->pid, t->used, last)) < 0)
		return;
	pico_text_used(t, pico_put_line(&t->style, p, ev));
}

int
pico_text_pieces(const struct pico_text *t, const struct pico_piece **pieces, const char **lines, uint64_t *size)
{
	*pieces = t->pieces.all;
	*lines = t->buffer;
	*size = t->used;
	return t->error < 0 ? t->error : t->pieces.count;
}

void
pico_text_taken(struct pico_text *t)
{
	t->used = 0;
	t->pieces.count = 0;
}

int64_t
pico_text_write(struct pico_text *t, const void *lines, size_t size)
{
	size_t done = 0;

	while (done < size && t->error == 0) {
		size_t n = size - done < BUFFER - t->used ? size - done : BUFFER - t->used;
		memcpy(t->buffer + t->used, (const char *)lines + done, n);
		t->used += n;
		done += n;
		if (t->used == BUFFER && pico_text_flush(t) == -EINTR)
			break;
	}
	return t->error != 0 ? t->error : (int64_t)done;
}

int
pico_text_format(struct pico_text *t, const struct pico_event *ev, char *line)
{
	return (int)(pico_put_line(&t->style, line, ev) - line);
}

/* Write as much as the reader takes. A full pipe on a non-blocking descriptor is waited for, as the
 * kernel does for any other. Returns 0, -EINTR or another -errno; *done is how much was written. */
static int
write_some(int fd, const char *p, size_t n, size_t *done)
{
	for (*done = 0; *done < n;) {
		ssize_t k = write(fd, p + *done, n - *done);
		if (k >= 0) {
			*done += (size_t)k;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };
			if (poll(&wait, 1, -1) < 0)
				return -errno;
		} else {
			return -errno;
		}
	}
	return 0;
}

/* What was written, in the file's own terms. */
static void
advance(struct pico_text *t, size_t done)
{
	for (size_t i = done; i > 0; i--)
		if (t->buffer[i - 1] == '\n') {
			t->whole = t->written + (off_t)i;
			break;
		}
	t->written += (off_t)done;
	t->used -= done;
	memmove(t->buffer, t->buffer + done, t->used);
}

int
pico_text_flush(struct pico_text *t)
{
	size_t done;

	if (t->error != 0 || t->used == 0 || pico_text_is_kept(t))
		return t->error;
	int e = write_some(t->fd, t->buffer, t->used, &done);
	advance(t, done);
	look_at_clock(t);
	if (e == 0 || e == -EINTR)
		return e;
	/* The disk is full in the middle of a line: give the part of it back. Where it cannot be cut,
	 * nothing more can be done. */
	if (t->owned && ftruncate(t->fd, t->whole) < 0)
		t->owned = 0;
	t->used = 0;
	t->error = e;
	return e;
}
