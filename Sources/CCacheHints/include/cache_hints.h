// Hints to the processor's cache, which Swift has no word for. They change no result.
#pragma once

#include <stddef.h>

// What one hint fetches.
enum { cache_line_size = 64 };

// `count` bytes from `start` on are read soon.
static inline void cache_hint_read(const void *_Nonnull start, size_t count) {
    for (const char *line = start, *end = line + count; line < end; line += cache_line_size)
        __builtin_prefetch(line, 0, 3);
}

// `count` bytes from `start` on are written soon.
static inline void cache_hint_write(const void *_Nonnull start, size_t count) {
    for (const char *line = start, *end = line + count; line < end; line += cache_line_size)
        __builtin_prefetch(line, 1, 3);
}
