// Memory that held secrets, and bytes from the kernel's random source.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Overwrites `count` bytes with zeros; the compiler may not leave it out (explicit_bzero).
void sealift_memory_wipe(void *bytes, size_t count);

// getrandom(2) without flags. Returns the bytes written, or -errno.
int64_t sealift_random(void *bytes, size_t count);
