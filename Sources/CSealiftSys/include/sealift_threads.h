// What a thread asks of the kernel for itself.
#pragma once

#include <stdint.h>

// Names the calling thread; at most 15 bytes and a terminator.
int sealift_thread_set_name(const char *name);

// How late the kernel may wake the calling thread, in nanoseconds (PR_SET_TIMERSLACK).
int sealift_thread_set_timer_slack(uint64_t nanoseconds);
