/// What the emulator tells about a run.
#ifndef LINKEMULATOR_REPORT_H
#define LINKEMULATOR_REPORT_H

#include "link.h"
#include "options.h"
#include "tunnel.h"

#include <stdio.h>

/// Everything a report is made from.
struct run {
    struct options options;
    struct tunnel tunnels[DIRECTIONS];
    struct link links[DIRECTIONS];
    /// When the link came up, and when the first packet came; 0 before that.
    uint64_t started, first_packet;
    /// The emulator runs ahead of ordinary processes, so that busy ends do not delay the link.
    int real_time;
    /// How much later than meant it looked at a busy link, in nanoseconds: in all, and at most.
    uint64_t slept_sum, slept_max;
};

/// One JSON object and a line feed.
void report_print(FILE *file, const struct run *run, uint64_t now);

/// The heading of the time series.
void report_samples_heading(FILE *file);

/// One line of the time series.
void report_sample(FILE *file, const struct run *run, uint64_t now);

#endif
