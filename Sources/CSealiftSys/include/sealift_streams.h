// TCP connections of a client: tcp(7).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "sealift_datagrams.h"

// Begins to connect: a socket, non-blocking and closed on exec, that is writable once it is connected
// or failed. -errno where that cannot even begin.
int sealift_stream_connect(const struct sealift_address *address);

// What became of connecting: 0, or -errno.
int sealift_stream_outcome(int fd);

// Sends or receives what goes at once: the number of bytes (0 received: the other end is done), or
// -errno.
int64_t sealift_stream_send(int fd, const void *bytes, size_t count);
int64_t sealift_stream_receive(int fd, void *bytes, size_t capacity);
