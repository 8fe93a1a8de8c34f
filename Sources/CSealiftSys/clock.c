#include "sealift_clock.h"

#include <time.h>

static int64_t nanoseconds(clockid_t clock) {
    struct timespec time = {0};
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t sealift_clock_monotonic(void) { return nanoseconds(CLOCK_MONOTONIC); }

int64_t sealift_clock_boottime(void) { return nanoseconds(CLOCK_BOOTTIME); }

int64_t sealift_clock_wall_seconds(void) {
    struct timespec time = {0};
    clock_gettime(CLOCK_REALTIME, &time);
    return (int64_t)time.tv_sec;
}
