// Memory that held secrets, freed memory, and bytes from the kernel's random source.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Overwrites `count` bytes with zeros; the compiler may not leave it out (explicit_bzero).
void sealift_memory_wipe(void *bytes, size_t count);

// getrandom(2) without flags. Returns the bytes written, or -errno.
int64_t sealift_random(void *bytes, size_t count);

// mallopt(3): allocations below `mapped_from` bytes come from the heap, and the heap is given back
// only when more than `trimmed_above` bytes at its end are free. Returns 0 where it was refused.
int sealift_memory_keep_freed(int mapped_from, int trimmed_above);
