#define _GNU_SOURCE
#include "sealift_streams.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int sealift_stream_connect(const struct sealift_address *address) {
    struct sockaddr_storage to;
    socklen_t size = sealift_address_write(address, &to);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (const struct sockaddr *)&to, size) < 0 && errno != EINPROGRESS) {
        int reason = errno;
        close(fd);
        return -reason;
    }
    return fd;
}

int sealift_stream_outcome(int fd) {
    int reason = 0;
    socklen_t size = sizeof reason;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) < 0) return -errno;
    return -reason;
}

int64_t sealift_stream_send(int fd, const void *bytes, size_t count) {
    ssize_t result = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return result < 0 ? -errno : result;
}

int64_t sealift_stream_receive(int fd, void *bytes, size_t capacity) {
    ssize_t result = recv(fd, bytes, capacity, MSG_DONTWAIT);
    return result < 0 ? -errno : result;
}
