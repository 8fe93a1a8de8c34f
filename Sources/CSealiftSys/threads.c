#define _GNU_SOURCE
#include "sealift_threads.h"

#include <errno.h>
#include <pthread.h>
#include <sys/prctl.h>

int sealift_thread_set_name(const char *name) { return -pthread_setname_np(pthread_self(), name); }

int sealift_thread_set_timer_slack(uint64_t nanoseconds) {
    return prctl(PR_SET_TIMERSLACK, (unsigned long)nanoseconds, 0, 0, 0) < 0 ? -errno : 0;
}
