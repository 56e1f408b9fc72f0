/*
 * Memory of each kind, all with the same eight bytes, for the tracer to look at and change.
 *
 * usage: memory look	prints the addresses, and calls getppid(2)
 *        memory tell	the same, and then what stands at the addresses
 */
#include "../../live/tracees/portable/tracee.h"

#define PATTERN { 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8 }

static volatile unsigned char data[8] = PATTERN;
static const volatile unsigned char constant[8] = PATTERN;

/* Never called: bytes among the instructions. */
__asm__(".text\n"
    ".balign 8\n"
    "in_text: .byte 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8\n"
    ".balign 8\n");
extern const volatile unsigned char in_text[8];

static void
tell(const char *name, const volatile unsigned char *p)
{
	say("%s %d %d %d %d %d %d %d %d", name, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7]);
}

int
main(int argc, char **argv)
{
	static const unsigned char pattern[8] = PATTERN;
	volatile unsigned char stack[8] = PATTERN;

	WANT(argc == 2);
	/* Two pages, and none after them. */
	unsigned char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0);
	WANT(pages != MAP_FAILED && munmap(pages + 2 * 4096, 4096) == 0);
	unsigned char *heap = pages + 64;
	memcpy(heap, pattern, sizeof(pattern));
	say("places %llu %llu %llu %llu %llu", (unsigned long long)(uintptr_t)data,
	    (unsigned long long)(uintptr_t)stack, (unsigned long long)(uintptr_t)heap,
	    (unsigned long long)(uintptr_t)in_text, (unsigned long long)(uintptr_t)constant);
	(void)getppid();
	if (is(argv[1], "tell")) {
		tell("data", data);
		tell("stack", stack);
		tell("heap", heap);
		tell("text", in_text);
		tell("constant", constant);
	}
	return 0;
}
