#include "link.h"

#include <netinet/in.h>
#include <string.h>

/// Bits a second times nanoseconds, for one byte.
static const uint64_t BYTE = 8ull * 1000000000ull;

/// Bytes in flight that the conditions allow, twice over because small packets carry a record each.
static size_t memory_for(const struct link_conditions *c) {
    const uint64_t most = 2ull << 30, unlimited = 512ull << 20;
    if (c->rate == 0 || c->queue == 0) return unlimited;
    double seconds = (double)(c->delay + c->jitter + c->detour) * 1e-9;
    double bytes = 2.0 * ((double)c->rate / 8.0 * seconds + (double)c->queue) + (16u << 20);
    return bytes < (double)most ? (size_t)bytes : most;
}

int link_make(struct link *link, struct link_conditions conditions, uint64_t seed, size_t memory) {
    *link = (struct link){
        .conditions = conditions,
        .loss = random_stream_make(seed, 1),
        .burst = random_stream_make(seed, 2),
        .jitter = random_stream_make(seed, 3),
        .reorder = random_stream_make(seed, 4),
    };
    if (memory == 0) memory = memory_for(&conditions);
    if (packet_ring_make(&link->straight, memory) < 0) return -1;
    return packet_ring_make(&link->detour, conditions.reorder > 0 ? memory / 4 : 0);
}

uint64_t link_queue_length(const struct link *link, uint64_t now) {
    unsigned __int128 scaled_now = (unsigned __int128)now * link->conditions.rate;
    if (link->conditions.rate == 0 || link->free_at <= scaled_now) return 0;
    return (uint64_t)((link->free_at - scaled_now + BYTE - 1) / BYTE);
}

uint64_t link_transmission_time(const struct link *link, uint32_t length) {
    uint64_t rate = link->conditions.rate;
    return rate == 0 ? UINT64_MAX / 4 : length * BYTE / rate;
}

/// Takes a packet through the queue and the rate. The time its last bit is sent, or 0 if the queue
/// has no room. The arithmetic is exact: what a packet takes longer or shorter than whole nanoseconds
/// is not lost, so the rate holds over any number of packets.
static uint64_t send_through_rate(struct link *link, uint32_t length, uint64_t now) {
    uint64_t rate = link->conditions.rate;
    if (rate == 0) return now;
    uint64_t waiting = link_queue_length(link, now) + length;
    if (link->conditions.queue != 0 && waiting > link->conditions.queue) return 0;
    if (waiting > link->counters.queue_peak) link->counters.queue_peak = waiting;
    unsigned __int128 scaled_now = (unsigned __int128)now * rate;
    if (link->free_at < scaled_now) link->free_at = scaled_now;
    link->free_at += (unsigned __int128)length * BYTE;
    return (uint64_t)(link->free_at / rate);
}

/// One step of the Gilbert-Elliott chain: good to bad with p, bad to good with r, every packet in the
/// bad state lost. r = 1/length and p = r x loss / (1 - loss) give the asked share and mean length.
static int lost_in_burst(struct link *link) {
    const struct link_conditions *c = &link->conditions;
    if (c->burst_loss <= 0) return 0;
    double leave = 1 / c->burst_length;
    double enter = leave * c->burst_loss / (1 - c->burst_loss);
    int changes = random_chance(&link->burst, link->in_burst ? leave : enter);
    link->in_burst ^= changes;
    return link->in_burst;
}

void link_accept(struct link *link, struct packet *packet, uint64_t came, uint64_t now) {
    const struct link_conditions *c = &link->conditions;
    struct link_counters *n = &link->counters;
    n->packets_in++;
    n->bytes_in += packet->length;

    uint64_t sent = send_through_rate(link, packet->length, came);
    if (sent == 0) {
        n->dropped_queue++;
        return;
    }
    if (lost_in_burst(link)) {
        n->dropped_burst++;
        return;
    }
    if (c->loss > 0 && random_chance(&link->loss, c->loss)) {
        n->dropped_loss++;
        return;
    }
    if (sent < now) sent = now;
    packet->due = sent + c->delay + (c->jitter ? random_below(&link->jitter, c->jitter) : 0);

    if (c->reorder > 0 && random_chance(&link->reorder, c->reorder)) {
        struct packet *room = packet_ring_room(&link->detour);
        if (room == NULL) {
            n->dropped_memory++;
            return;
        }
        memcpy(room, packet, sizeof(struct packet) + packet->length);
        room->due += c->detour;
        if (room->due < link->last_detour_due) room->due = link->last_detour_due;
        link->last_detour_due = room->due;
        n->reordered++;
        packet_ring_append(&link->detour, room);
        return;
    }
    if (packet->due < link->last_due) packet->due = link->last_due;
    link->last_due = packet->due;
    packet_ring_append(&link->straight, packet);
}

struct packet *link_next_due(struct link *link, uint64_t now, struct packet_ring **ring) {
    struct packet *straight = packet_ring_first(&link->straight);
    struct packet *detour = packet_ring_first(&link->detour);
    struct packet *first = straight;
    *ring = &link->straight;
    if (straight == NULL || (detour != NULL && detour->due < straight->due)) {
        first = detour;
        *ring = &link->detour;
    }
    return first != NULL && first->due <= now ? first : NULL;
}

void link_count_delivered(struct link *link, const struct packet *packet) {
    struct link_counters *n = &link->counters;
    n->packets_out++;
    n->bytes_out += packet->length;
    // An IPv4 header is at least twenty bytes long and has its protocol at 9.
    if (packet->length < 20 || packet->bytes[0] >> 4 != 4) return;
    if (packet->bytes[9] == IPPROTO_TCP) n->tcp_bytes_out += packet->length;
    if (packet->bytes[9] == IPPROTO_UDP) n->udp_bytes_out += packet->length;
}

uint64_t link_next_time(struct link *link) {
    const struct packet *straight = packet_ring_first(&link->straight);
    const struct packet *detour = packet_ring_first(&link->detour);
    uint64_t time = straight ? straight->due : UINT64_MAX;
    return detour && detour->due < time ? detour->due : time;
}
