#define _GNU_SOURCE
#include "packetring.h"

#include <sys/mman.h>
#include <unistd.h>

/// The bytes one packet takes: its record, rounded up so that the next one is aligned.
static size_t stored_size(uint32_t length) {
    return (sizeof(struct packet) + length + 15) & ~(size_t)15;
}

int packet_ring_make(struct packet_ring *ring, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size = (size + 2 * PACKET_LIMIT + page - 1) / page * page;
    int file = memfd_create("packets in flight", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)size) < 0) return -1;
    uint8_t *memory = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    for (int half = 0; half < 2; half++) {
        void *place = memory + (size_t)half * size;
        if (mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED)
            return -1;
    }
    close(file);
    *ring = (struct packet_ring){.memory = memory, .size = size};
    return 0;
}

struct packet *packet_ring_room(struct packet_ring *ring) {
    if (ring->size - (ring->tail - ring->head) < stored_size(PACKET_LIMIT)) return NULL;
    return (struct packet *)(ring->memory + ring->tail % ring->size);
}

void packet_ring_append(struct packet_ring *ring, const struct packet *packet) {
    ring->tail += stored_size(packet->length);
}

struct packet *packet_ring_first(struct packet_ring *ring) {
    if (ring->head == ring->tail) return NULL;
    return (struct packet *)(ring->memory + ring->head % ring->size);
}

void packet_ring_remove_first(struct packet_ring *ring) {
    ring->head += stored_size(packet_ring_first(ring)->length);
}
