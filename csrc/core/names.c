/*
 * Names by number, packed for C by the tables of pypicotrace/syscalls.
 */
#include <stdlib.h>
#include <string.h>

#include "text.h"

enum { UNKNOWN_NARGS = 255 };

struct pico_names {
	uint32_t count;
	int64_t first;		/* the number of the first name */
	uint8_t *nargs, *narrow, *returns;
	const char **name;	/* into `packed` */
	char *packed;
};

static uint8_t *
copy_bytes(const uint8_t *bytes, uint32_t count)
{
	uint8_t *copy = bytes != NULL && count > 0 ? malloc(count) : NULL;
	if (copy != NULL)
		memcpy(copy, bytes, count);
	return copy;
}

struct pico_names *
pico_names_new(const char *names, const uint8_t *nargs, const uint8_t *narrow,
    const uint8_t *returns, uint32_t count, int64_t first)
{
	const char *end = names;
	for (uint32_t i = 0; i < count; i++)
		end += strlen(end) + 1;

	struct pico_names *n = calloc(1, sizeof(*n));
	if (n == NULL)
		return NULL;
	n->count = count;
	n->first = first;
	n->name = calloc((size_t)count + 1, sizeof(*n->name));
	n->packed = malloc((size_t)(end - names) + 1);
	n->nargs = copy_bytes(nargs, count);
	n->narrow = copy_bytes(narrow, count);
	n->returns = copy_bytes(returns, count);
	if (n->name == NULL || n->packed == NULL || (nargs != NULL && count > 0 && n->nargs == NULL) ||
	    (narrow != NULL && count > 0 && n->narrow == NULL) ||
	    (returns != NULL && count > 0 && n->returns == NULL)) {
		pico_names_free(n);
		return NULL;
	}
	memcpy(n->packed, names, (size_t)(end - names));
	const char *p = n->packed;
	for (uint32_t i = 0; i < count; i++) {
		if (*p != '\0')
			n->name[i] = p;
		p += strlen(p) + 1;
	}
	return n;
}

void
pico_names_free(struct pico_names *n)
{
	if (n == NULL)
		return;
	free(n->nargs);
	free(n->narrow);
	free(n->returns);
	free(n->name);
	free(n->packed);
	free(n);
}

/* Where a number's entries are, -1: it has none. */
static int64_t
place_of(const struct pico_names *n, int64_t number)
{
	if (n == NULL || number < n->first || number - n->first >= (int64_t)n->count)
		return -1;
	return number - n->first;
}

const char *
pico_names_get(const struct pico_names *n, int64_t number)
{
	int64_t place = place_of(n, number);
	return place < 0 ? NULL : n->name[place];
}

int
pico_names_nargs(const struct pico_names *n, int64_t number)
{
	int64_t place = place_of(n, number);
	return place < 0 || n->nargs == NULL ? 0 : n->nargs[place];
}

int
pico_names_returns(const struct pico_names *n, int64_t number)
{
	int64_t place = place_of(n, number);
	return place < 0 || n->returns == NULL ? PICO_RETURNS_WORD : n->returns[place];
}

void
pico_names_join(const struct pico_names *n, struct pico_event *ev)
{
	static const union { uint16_t word; uint8_t low_first; } order = { 1 };
	int high = order.low_first ? 1 : 0;

	if (ev->error != 0 || pico_names_returns(n, ev->sysnum) != PICO_RETURNS_QUAD)
		return;
	ev->retval[0] = ev->retval[high] << 32 | (ev->retval[1 - high] & 0xffffffffu);
	ev->retval[1] = 0;
}

int
pico_names_fits_int(const struct pico_names *n, const struct pico_event *ev)
{
	int returns = pico_names_returns(n, ev->sysnum);

	if (returns >= PICO_RETURNS_UPTO)
		return ev->args[returns - PICO_RETURNS_UPTO] <= INT32_MAX;
	return returns != PICO_RETURNS_WORD;
}

void
pico_names_trim(const struct pico_names *n, struct pico_event *ev)
{
	int64_t place = place_of(n, ev->sysnum);

	if (place < 0 || n->nargs == NULL || n->nargs[place] == UNKNOWN_NARGS)
		return;
	if (ev->nargs > n->nargs[place])
		ev->nargs = n->nargs[place];
	for (int i = 0; n->narrow != NULL && i < ev->nargs; i++)
		if (n->narrow[place] & (1u << i))
			ev->args[i] &= 0xffffffffu;
}
