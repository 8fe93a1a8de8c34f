#define _GNU_SOURCE
#include "sealift_events.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int sealift_poll(struct pollfd *descriptors, unsigned int count, int64_t timeout) {
    struct timespec time = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    int result = ppoll(descriptors, count, timeout < 0 ? NULL : &time, NULL);
    return result < 0 ? -errno : result;
}

int sealift_event_create(void) {
    int result = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return result < 0 ? -errno : result;
}

int sealift_event_signal(int event) {
    uint64_t one = 1;
    return write(event, &one, sizeof one) < 0 ? -errno : 0;
}

int sealift_event_clear(int event) {
    uint64_t count;
    return read(event, &count, sizeof count) < 0 ? -errno : 0;
}
