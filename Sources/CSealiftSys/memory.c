#define _GNU_SOURCE
#include "sealift_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void sealift_memory_wipe(void *bytes, size_t count) { explicit_bzero(bytes, count); }

int64_t sealift_random(void *bytes, size_t count) {
    ssize_t result = getrandom(bytes, count, 0);
    return result < 0 ? -errno : result;
}
