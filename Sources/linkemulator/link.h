/// One direction of the emulated link: what happens to each packet, and when.
///
/// A packet passes four stations, in this order:
///
///     queue (drop-tail, in bytes) -> rate -> loss -> delay, jitter, reordering
///
/// Loss comes after the bottleneck, as on a noisy line: a lost packet has used the link, so a perfect
/// transport gets rate x (1 - loss) through it and no more.
#ifndef LINKEMULATOR_LINK_H
#define LINKEMULATOR_LINK_H

#include "packetring.h"
#include "random.h"

/// What a direction is asked to do. Times in nanoseconds, probabilities from 0 to 1.
struct link_conditions {
    /// One way.
    uint64_t delay;
    /// Each packet is late by a uniform draw from 0..<jitter; the order stays as it was.
    uint64_t jitter;
    /// Bits a second, counted over whole IP packets; 0 is no limit.
    uint64_t rate;
    /// Bytes that may wait for the rate, the packet being sent included; 0 is no limit.
    uint64_t queue;
    /// Probability that a packet is lost, each for itself.
    double loss;
    /// Gilbert-Elliott: the share of packets lost in bursts, and the mean length of a burst.
    double burst_loss, burst_length;
    /// Probability that a packet takes the detour, and how much later it arrives by that.
    double reorder;
    uint64_t detour;
};

/// What has happened in one direction since the start.
struct link_counters {
    uint64_t packets_in, bytes_in;
    uint64_t packets_out, bytes_out;
    /// The bytes that left, by IPv4 protocol: what two transports got of one link.
    uint64_t tcp_bytes_out, udp_bytes_out;
    uint64_t dropped_queue, dropped_loss, dropped_burst;
    /// Faults of the emulator itself, not of the emulated link: they must be 0 in a valid run.
    uint64_t dropped_memory, dropped_write;
    uint64_t reordered;
    /// The most bytes that ever waited for the rate.
    uint64_t queue_peak;
    /// By how much packets left after they were due, in nanoseconds: the emulator's own error.
    uint64_t late_sum, late_max, late_over_millisecond;
};

struct link {
    struct link_conditions conditions;
    struct link_counters counters;
    /// Packets in their order, and those on the detour in theirs: both in order of `due`.
    struct packet_ring straight, detour;
    /// When the rate will have sent all it has accepted, in units of 1/rate nanoseconds (exact).
    unsigned __int128 free_at;
    /// No packet may leave before the one ahead of it on the same way, whatever the jitter draws.
    uint64_t last_due, last_detour_due;
    /// The Gilbert-Elliott chain is in its bad state.
    int in_burst;
    struct random_stream loss, burst, jitter, reorder;
};

/// Prepares a direction. `memory` is the bytes of packets in flight it can hold; 0 computes it from
/// the conditions. 0, or -1 with errno.
int link_make(struct link *link, struct link_conditions conditions, uint64_t seed, size_t memory);

/// Nanoseconds that the rate takes for so many bytes; without a limit, longer than anything waits.
uint64_t link_transmission_time(const struct link *link, uint32_t length);

/// Decides the fate of `packet`, which lies in the room of the straight ring. It is seen at `now` and came
/// at `came`, by a guess where nobody looked: the rate counts from the guess, and the delay does not, or
/// the path would look shorter than it is.
void link_accept(struct link *link, struct packet *packet, uint64_t came, uint64_t now);

/// The next packet that is due at `now`, with the ring it lies in; NULL if none is.
struct packet *link_next_due(struct link *link, uint64_t now, struct packet_ring **ring);

/// Counts a packet that the other end has taken.
void link_count_delivered(struct link *link, const struct packet *packet);

/// When the next packet leaves; UINT64_MAX if none is in flight.
uint64_t link_next_time(struct link *link);

/// Bytes that wait for the rate at `now`.
uint64_t link_queue_length(const struct link *link, uint64_t now);

#endif
