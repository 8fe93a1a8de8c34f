/// The command line.
#ifndef LINKEMULATOR_OPTIONS_H
#define LINKEMULATOR_OPTIONS_H

#include "link.h"
#include "tunnel.h"

/// The two directions, and the end each starts from.
enum { A_TO_B, B_TO_A, DIRECTIONS };

struct options {
    struct tunnel_place places[DIRECTIONS];
    struct link_conditions conditions[DIRECTIONS];
    int mtu;
    uint64_t seed;
    /// How long the emulator rests between two looks at a busy link, in nanoseconds.
    uint64_t tick;
    /// Bytes of packets in flight per direction; 0 computes it.
    uint64_t memory;
    /// Where to write the time series, or NULL, and its step in nanoseconds.
    const char *samples;
    uint64_t sample_interval;
    /// End when the process that started the emulator ends.
    int with_parent;
};

/// Reads the command line; ends the process after --help, and with 64 after a usage error.
struct options options_read(int count, char **arguments);

#endif
