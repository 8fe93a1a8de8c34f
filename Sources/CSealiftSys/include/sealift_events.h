// Waiting: ppoll(2) with nanoseconds, and eventfd(2) to end a wait from another thread.
#pragma once

#include <poll.h>
#include <stdint.h>

// Waits until a descriptor is ready or `timeout` nanoseconds have passed; below zero: no timeout.
// Returns how many are ready, or -errno.
int sealift_poll(struct pollfd *descriptors, unsigned int count, int64_t timeout);

// A new event counter, non-blocking and closed on exec.
int sealift_event_create(void);

// Adds one to the counter, which ends a wait on it.
int sealift_event_signal(int event);

// Sets the counter back to zero.
int sealift_event_clear(int event);
