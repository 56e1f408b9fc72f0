/*
 * remembered FILE: says where it has what, in the arguments of calls of numbers that mean nothing, for the test to
 * read and write, and records what it finds itself afterwards.
 */
#include "truth.h"

enum { READ = 1001, STRING, WRITE, FOUND, NOWHERE, REGISTERS };

int
main(int argc, char **argv)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	WANT(argc == 2);
	bounded();
	map_truth(argv[1], 2, 200);
	char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	WANT(pages != MAP_FAILED && munmap(pages + 2 * page, page) == 0);
	opens(account(ROOT));
	for (size_t size = 1; size <= 8; size++) {
		/* Within a page, and over a border. */
		char *places[] = { pages + 64, pages + page - size / 2 };
		for (int i = 0; i < 2; i++) {
			uint64_t value = UINT64_C(0x8899aabbccddeeff) >> (8 * (8 - size)), found = 0;
			memcpy(places[i], &value, size);
			(void)DO(READ, (uintptr_t)places[i], size, value);
			(void)DO(WRITE, (uintptr_t)places[i], size, ~value);
			memcpy(&found, places[i], size);
			(void)DO(FOUND, found, size, ~value);
		}
	}
	memset(pages, 's', 2 * page);
	pages[100] = '\0';
	(void)DO(STRING, (uintptr_t)pages, 100);
	(void)DO(STRING, (uintptr_t)(pages + page), page);	/* to the end of the mapping, not terminated */
	(void)DO(NOWHERE, (uintptr_t)(pages + 2 * page));
	(void)DO(REGISTERS, 1, 2, 3, UINT64_MAX, 5, 6);
	mark(3);
	exits(11);
}
