/*
 * A field of many records, one after another.
 */
#include <string.h>

#include "loop.h"

void
pico_batch_column(const struct pico_event *records, uint32_t count, uint32_t offset, uint32_t size, void *column)
{
	const char *from = (const char *)records + offset;
	char *to = column;

	for (uint32_t i = 0; i < count; i++, from += sizeof(*records), to += size)
		memcpy(to, from, size);
}
