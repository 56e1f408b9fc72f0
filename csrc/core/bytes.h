/*
 * Numbers in the bytes of a kernel's struct, wherever they stand there.
 */
#ifndef PICO_BYTES_H
#define PICO_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint32_t
pico_u32(const void *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline int32_t
pico_i32(const void *p)
{
	return (int32_t)pico_u32(p);
}

static inline uint64_t
pico_u64(const void *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

#endif
