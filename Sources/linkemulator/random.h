/// The emulator's random numbers: SplitMix64, seeded, so that a run can be repeated exactly.
#ifndef LINKEMULATOR_RANDOM_H
#define LINKEMULATOR_RANDOM_H

#include <stdint.h>

struct random_stream {
    uint64_t state;
};

/// A stream for one purpose. Each knob draws from a stream of its own, so turning one knob does not
/// shift what the others decide: packet n is lost under a seed whether or not there is jitter.
static inline struct random_stream random_stream_make(uint64_t seed, uint64_t purpose) {
    struct random_stream stream = {(seed + 1) * 0xA24BAED4963EE407u ^ purpose * 0x9FB21C651E98DF25u};
    return stream;
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
static inline uint64_t random_next(struct random_stream *stream) {
    uint64_t z = (stream->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/// True with the given probability; 0 is never, 1 is always.
static inline int random_chance(struct random_stream *stream, double probability) {
    return (double)(random_next(stream) >> 11) * 0x1.0p-53 < probability;
}

/// A value in 0..<bound; 0 if bound is 0.
static inline uint64_t random_below(struct random_stream *stream, uint64_t bound) {
    return (uint64_t)(((unsigned __int128)random_next(stream) * bound) >> 64);
}

#endif
