/// linkemulator: joins two network namespaces by an emulated link. See options.c for what it can do
/// and link.h for what happens to a packet.
#define _GNU_SOURCE
#include "report.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t should_stop, should_report;

static void on_signal(int signal) {
    if (signal == SIGUSR1)
        should_report = 1;
    else
        should_stop = 1;
}

static uint64_t clock_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/// Reads what the end has sent, at most `limit` packets, so that no direction starves the other.
/// How many came.
///
/// The look was meant for `planned`. Where it comes later, because the emulator got no processor, packets
/// came meanwhile that a real link would have carried on: they count as having come one after the other
/// at the link's rate from then on, and at the latest now.
static int collect(struct run *run, int direction, int limit, uint64_t planned) {
    struct link *link = &run->links[direction];
    uint8_t spare[PACKET_LIMIT];
    int count = 0;
    uint64_t now = clock_now(), came = planned < now ? planned : now;
    for (; count < limit; count++) {
        struct packet *room = packet_ring_room(&link->straight);
        uint8_t *bytes = room ? room->bytes : spare;
        ssize_t length = read(run->tunnels[direction].packets, bytes, PACKET_LIMIT);
        if (length <= 0) break;
        now = clock_now();
        if (room == NULL) {
            link->counters.dropped_memory++;
            continue;
        }
        room->length = (uint32_t)length;
        came += link_transmission_time(link, room->length);
        if (came > now) came = now;
        link_accept(link, room, came, now);
    }
    if (count > 0 && run->first_packet == 0) run->first_packet = now;
    return count;
}

/// Hands the packets that are due to the other end. How many.
static int deliver(struct run *run, int direction) {
    struct link *link = &run->links[direction];
    struct link_counters *n = &link->counters;
    int end = run->tunnels[direction == A_TO_B ? B_TO_A : A_TO_B].packets;
    int count = 0;
    uint64_t now = clock_now();
    struct packet_ring *ring;
    struct packet *packet;
    while ((packet = link_next_due(link, now, &ring)) != NULL) {
        uint64_t late = now - packet->due;
        n->late_sum += late;
        if (late > n->late_max) n->late_max = late;
        if (late > 1000000) n->late_over_millisecond++;
        if (write(end, packet->bytes, packet->length) == (ssize_t)packet->length) {
            link_count_delivered(link, packet);
        } else {
            n->dropped_write++;
        }
        packet_ring_remove_first(ring);
        if ((++count & 15) == 0) now = clock_now();
    }
    return count;
}

/// Rests until `time`, or until an end has sent something if `or_packet`, or a signal came.
static void rest(const struct run *run, uint64_t now, uint64_t time, int or_packet, const sigset_t *open) {
    struct pollfd ends[DIRECTIONS] = {
        {.fd = run->tunnels[0].packets, .events = POLLIN},
        {.fd = run->tunnels[1].packets, .events = POLLIN},
    };
    uint64_t left = time > now ? time - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    ppoll(ends, or_packet ? DIRECTIONS : 0, time == UINT64_MAX ? NULL : &timeout, open);
}

/// Carries packets until a signal asks for the end.
///
/// A busy link is looked at once a tick, which makes the cost of waking independent of the packet
/// rate; an idle one waits for the next packet to come or to leave.
static void carry(struct run *run, FILE *samples, const sigset_t *open) {
    uint64_t next_sample = samples ? run->started : UINT64_MAX;
    // When this look was meant to be; an idle link is looked at when something came, never late.
    uint64_t planned = UINT64_MAX;
    while (!should_stop) {
        int moved = 0;
        uint64_t woke = clock_now();
        if (planned < woke) {
            run->slept_sum += woke - planned;
            if (woke - planned > run->slept_max) run->slept_max = woke - planned;
        }
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            moved += collect(run, direction, 256, planned);
            moved += deliver(run, direction);
        }
        uint64_t now = clock_now();
        while (now >= next_sample) {
            report_sample(samples, run, now);
            next_sample += run->options.sample_interval;
        }
        if (should_report) {
            should_report = 0;
            report_print(stdout, run, now);
        }
        planned = now;
        if (moved >= 256) continue;
        uint64_t next = next_sample;
        for (int direction = 0; direction < DIRECTIONS; direction++) {
            uint64_t time = link_next_time(&run->links[direction]);
            if (time < next) next = time;
        }
        if (moved > 0) {
            planned = now + run->options.tick;
            rest(run, now, planned, 0, open);
        } else {
            planned = UINT64_MAX;
            rest(run, now, next, 1, open);
        }
    }
}

/// Runs ahead of ordinary processes, with its memory in place: the link must not slow down because
/// its ends are busy. Without the right to that it runs as it is, and the report says so.
static int become_real_time(void) {
    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
    prctl(PR_SET_TIMERSLACK, 1);
    struct sched_param priority = {.sched_priority = 10};
    return sched_setscheduler(0, SCHED_RR, &priority) == 0;
}

int main(int count, char **arguments) {
    struct run run = {.options = options_read(count, arguments)};
    if (run.options.with_parent) prctl(PR_SET_PDEATHSIG, SIGTERM);

    // Signals are let in only while the emulator rests, so that none is missed.
    sigset_t closed, open;
    sigemptyset(&closed);
    const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    for (int i = 0; i < 4; i++) {
        sigaddset(&closed, signals[i]);
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(signals[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &closed, &open);

    FILE *samples = run.options.samples ? fopen(run.options.samples, "we") : NULL;
    if (run.options.samples && samples == NULL) {
        perror("linkemulator: cannot write the samples");
        return 6;
    }
    if (samples) report_samples_heading(samples);

    for (int end = 0; end < DIRECTIONS; end++) {
        struct link_conditions conditions = run.options.conditions[end];
        uint64_t seed = run.options.seed * 2 + (uint64_t)end;
        if (link_make(&run.links[end], conditions, seed, run.options.memory) < 0) {
            perror("linkemulator: no memory for packets in flight");
            return 6;
        }
        if (tunnel_make(&run.tunnels[end], &run.options.places[end], run.options.mtu) < 0) return 3;
    }
    run.real_time = become_real_time();
    run.started = clock_now();
    fputs("ready\n", stderr);
    carry(&run, samples, &open);
    report_print(stdout, &run, clock_now());
    if (samples) fclose(samples);
    return 0;
}
