/// A first-in, first-out store for packets in flight, in one block of memory.
#ifndef LINKEMULATOR_PACKETRING_H
#define LINKEMULATOR_PACKETRING_H

#include <stddef.h>
#include <stdint.h>

/// The largest packet a TUN device hands over.
enum { PACKET_LIMIT = 65536 };

/// One packet in flight, as it lies in the ring.
struct packet {
    /// When it leaves the link, in nanoseconds of CLOCK_MONOTONIC.
    uint64_t due;
    uint32_t length;
    uint32_t unused;
    uint8_t bytes[];
};

/// The memory is mapped twice in a row, so that a record never wraps round the end: a packet is read
/// from one device straight into the ring and written from it straight to the other.
struct packet_ring {
    uint8_t *memory;
    size_t size;
    /// Running byte counts; `tail - head` is what is stored, and never more than `size`.
    uint64_t head, tail;
};

/// Makes a ring that holds at least `size` bytes. 0, or -1 with errno.
int packet_ring_make(struct packet_ring *ring, size_t size);

/// Room for one packet of any length at the end, or NULL when the ring is full. It belongs to the ring
/// only after `packet_ring_append`; until then the next call gives the same room again.
struct packet *packet_ring_room(struct packet_ring *ring);

/// Appends the packet that was written into the room.
void packet_ring_append(struct packet_ring *ring, const struct packet *packet);

/// The oldest packet, or NULL.
struct packet *packet_ring_first(struct packet_ring *ring);

/// Forgets the oldest packet.
void packet_ring_remove_first(struct packet_ring *ring);

#endif
