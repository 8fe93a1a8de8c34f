// UDP sockets: many datagrams with one call, in and out.
//
// Segmentation (UDP_SEGMENT, "GSO") sends one buffer as a train of datagrams of one size; UDP_GRO
// gives such a train back as one buffer. Control messages carry the traffic class (DSCP and ECN),
// the local address of each datagram and the count of datagrams the kernel dropped.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

// An IPv4 or IPv6 address with a port.
struct sealift_address {
    uint8_t bytes[16];  // in network order; IPv4 takes the first four
    uint32_t scope;     // IPv6: the interface index of a link-local address, otherwise 0
    uint16_t port;      // in host order
    uint8_t family;     // 4 or 6; 0: none
};

// One call's worth of datagrams to one address.
struct sealift_outgoing {
    const void *bytes;
    size_t count;
    struct sealift_address destination;
    struct sealift_address source;  // family 0: the kernel chooses; the port is not used
    uint16_t segment_size;          // 0: one datagram; otherwise cut into datagrams of this size
    uint8_t traffic_class;          // DSCP * 4 + ECN
};

// What the kernel told about one received buffer.
struct sealift_incoming {
    struct sealift_address source;
    struct sealift_address destination;  // family 0: not told; the port is not set
    uint32_t count;                      // bytes in the buffer
    uint32_t segment_size;               // of every datagram but the last; `count` if there is one
    uint32_t drops;                      // the socket's running count of drops, where told
    uint8_t traffic_class;
    bool has_drops;
    bool is_truncated;  // the datagram was larger than its slot
};

// The most buffers one call takes.
enum { sealift_datagram_batch = 64 };

// A new UDP socket for family 4 or 6, non-blocking and closed on exec.
int sealift_datagram_open(int family);

// Options, one each; -errno where the kernel refuses.
int sealift_datagram_report_everything(int fd, int family);  // traffic class, local address, drops
int sealift_datagram_never_fragment(int fd, int family);     // path MTU discovery mode PROBE
int sealift_datagram_only_version_6(int fd);
int sealift_datagram_coalesce(int fd);  // UDP_GRO
int sealift_datagram_only_interface(int fd, const char *name);  // SO_BINDTODEVICE

// Asks for buffers of `bytes`, beyond the limit of the machine where privileged.
int sealift_datagram_set_receive_buffer(int fd, int bytes);
int sealift_datagram_set_send_buffer(int fd, int bytes);

// The buffer sizes granted, as the kernel counts them (twice what was asked).
int sealift_datagram_receive_buffer(int fd);
int sealift_datagram_send_buffer(int fd);

int sealift_datagram_bind(int fd, const struct sealift_address *address);
int sealift_datagram_local_address(int fd, struct sealift_address *address);

// The local address that a datagram to `remote` would leave from now, without a port. -errno where
// there is no way.
int sealift_datagram_source(const struct sealift_address *remote, struct sealift_address *source);

// Sends one buffer. Returns the bytes sent, or -errno.
int64_t sealift_datagram_send(int fd, const struct sealift_outgoing *outgoing);

// Sends up to `sealift_datagram_batch` buffers. Returns how many went, or -errno if none did.
int sealift_datagram_send_many(int fd, const struct sealift_outgoing *outgoing, unsigned int count);

// Receives up to `sealift_datagram_batch` buffers, the n-th into `slots + n * slot_size`.
// Returns how many came, or -errno.
int sealift_datagram_receive_many(int fd, void *slots, size_t slot_size,
                                  struct sealift_incoming *incoming, unsigned int count);

// Copies a kernel address. False for a family other than IPv4 and IPv6.
bool sealift_address_read(const struct sockaddr *from, struct sealift_address *to);

// The index of the interface called `name`, or 0.
uint32_t sealift_interface_index(const char *name);
