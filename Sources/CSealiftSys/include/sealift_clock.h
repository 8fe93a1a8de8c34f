// Clocks: nanoseconds since the origin of each.
#pragma once

#include <stdint.h>

// CLOCK_MONOTONIC: stands still while the machine sleeps.
int64_t sealift_clock_monotonic(void);

// CLOCK_BOOTTIME: goes on while the machine sleeps.
int64_t sealift_clock_boottime(void);

// CLOCK_REALTIME in whole seconds since 1970-01-01 UTC.
int64_t sealift_clock_wall_seconds(void);
