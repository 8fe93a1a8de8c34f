// Hints to the processor's cache, which Swift has no word for. They change no result.
#pragma once

#include <stddef.h>
#include <stdint.h>

// What one hint fetches.
enum { cache_line_size = 64 };

// `count` bytes from `start` on are read soon.
static inline void cache_hint_read(const void *_Nonnull start, size_t count) {
    uintptr_t end = (uintptr_t)start + count;
    uintptr_t line = (uintptr_t)start & ~(uintptr_t)(cache_line_size - 1);
    for (; line < end; line += cache_line_size) __builtin_prefetch((const void *)line, 0, 3);
}

// `count` bytes from `start` on are written soon.
static inline void cache_hint_write(const void *_Nonnull start, size_t count) {
    uintptr_t end = (uintptr_t)start + count;
    uintptr_t line = (uintptr_t)start & ~(uintptr_t)(cache_line_size - 1);
    for (; line < end; line += cache_line_size) __builtin_prefetch((const void *)line, 1, 3);
}
