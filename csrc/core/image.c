/*
 * The arguments, environment and auxiliary vector of a new image, a line each, as picotrace prints
 * them. They are of any length, so they pass through in pieces.
 */
#include <string.h>

#include "line.h"
#include "loop_state.h"

enum { PIECE = 4096 };

struct image {
	struct pico_loop *loop;
	const struct pico_process *process;
	const char *word;	/* "ARGV", "ENV", "AUXV" */
	int index;
};

/* `   61      0           scen ARGV[0] ` */
static char *
put_head(struct image *image, char *p)
{
	p = pico_put_columns(pico_text_style(image->loop->text), p, image->loop->now, image->process->pid, 0,
	    image->process->program);
	p = pico_put_dec(pico_put_str(pico_put_str(p, image->word), "["), image->index++);
	return pico_put_str(p, "] ");
}

/* Strings one after another, each ended by NUL; the last one may lack it. 'quoted', escaped. */
static void
write_strings(struct image *image, int what)
{
	struct pico_kernel *k = image->loop->kernel;
	struct pico_text *text = image->loop->text;
	uint8_t piece[PIECE];
	uint64_t offset = 0;
	int64_t n;
	int inside = 0;
	char *p;

	do {
		n = k->image(k, image->process->pid, what, offset, piece, sizeof(piece));
		/* Twice the room of a line: its head and its tail may both come with each byte. */
		for (int64_t i = 0; i < n; i++) {
			p = pico_text_room(text, 2 * PICO_LINE_MAX);
			if (p == NULL)
				return;
			if (!inside) {
				p = put_head(image, p);
				*p++ = '\'';
				inside = 1;
			}
			if (piece[i] != '\0') {
				/* A space is no danger inside quotes. */
				if (piece[i] == ' ')
					*p++ = ' ';
				else
					p = pico_put_escaped(p, piece[i], '\'');
			} else {
				p = pico_put_str(p, "'\n");
				inside = 0;
			}
			pico_text_used(text, p);
		}
		offset += (uint64_t)n;
	} while (n == (int64_t)sizeof(piece));
	if (inside && (p = pico_text_room(text, PICO_LINE_MAX)) != NULL)
		pico_text_used(text, pico_put_str(p, "'\n"));
}

static char *
put_string_at(struct image *image, char *p, uint64_t addr)
{
	struct pico_kernel *k = image->loop->kernel;
	char string[64];
	int64_t n = k->read(k, image->process->pid, image->process->pid, addr, string, sizeof(string));

	if (n <= 0)
		return pico_put_hex(p, addr);
	*p++ = '\'';
	for (int64_t i = 0; i < n && string[i] != '\0'; i++)
		p = pico_put_escaped(p, (unsigned char)string[i], '\'');
	*p++ = '\'';
	return p;
}

/* Pairs of a type and a value, until type 0. */
static void
write_auxv(struct image *image)
{
	struct pico_kernel *k = image->loop->kernel;
	struct pico_text *text = image->loop->text;
	const struct pico_names *names = pico_text_style(text)->auxv;
	uint64_t pair[2], offset = 0;

	for (;; offset += sizeof(pair)) {
		if (k->image(k, image->process->pid, PICO_IMAGE_AUXV, offset, pair, sizeof(pair)) !=
		    (int64_t)sizeof(pair) || pair[0] == 0)
			return;
		char *p = pico_text_room(text, 2 * PICO_LINE_MAX);
		if (p == NULL)
			return;
		p = put_head(image, p);
		const char *name = pico_names_get(names, (int64_t)pair[0]);
		p = name != NULL ? pico_put_str(p, name) : pico_put_dec(p, (int64_t)pair[0]);
		*p++ = '=';
		p = pico_names_nargs(names, (int64_t)pair[0]) == 1 ? put_string_at(image, p, pair[1])
								  : pico_put_hex(p, pair[1]);
		*p++ = '\n';
		pico_text_used(text, p);
	}
}

int64_t
pico_loop_image(struct pico_loop *loop, int32_t pid, int what, uint64_t offset, void *data, size_t size)
{
	return loop->kernel->image(loop->kernel, pid, what, offset, data, size);
}

void
pico_loop_write_image(struct pico_loop *loop, const struct pico_process *process)
{
	if (loop->text == NULL || loop->mode != PICO_MODE_TEXT)
		return;
	uint32_t flags = pico_text_style(loop->text)->flags;
	if (flags & PICO_TEXT_ARGV)
		write_strings(&(struct image){ loop, process, "ARGV", 0 }, PICO_IMAGE_ARGV);
	if (flags & PICO_TEXT_ENV)
		write_strings(&(struct image){ loop, process, "ENV", 0 }, PICO_IMAGE_ENV);
	if (flags & PICO_TEXT_AUXV)
		write_auxv(&(struct image){ loop, process, "AUXV", 0 });
}
