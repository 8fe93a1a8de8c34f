#define _GNU_SOURCE
#include "sealift_memory.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/random.h>

void sealift_memory_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

int64_t sealift_random(void *bytes, size_t count) {
    ssize_t result = getrandom(bytes, count, 0);
    return result < 0 ? -errno : result;
}

int sealift_memory_keep_freed(int mapped_from, int trimmed_above) {
    return mallopt(M_MMAP_THRESHOLD, mapped_from) && mallopt(M_TRIM_THRESHOLD, trimmed_above);
}
