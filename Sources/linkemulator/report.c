#include "report.h"

#include <inttypes.h>
#include <sys/resource.h>

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/// One direction as a JSON object. Whether the emulator did what was asked of it.
static int print_direction(FILE *file, const char *name, const struct link *link, int64_t overflow) {
    const struct link_conditions *c = &link->conditions;
    const struct link_counters *n = &link->counters;
    fprintf(file, "\"%s\":{\"delay_ms\":%g,\"jitter_ms\":%g,\"rate_bits\":%" PRIu64, name,
            (double)c->delay * 1e-6, (double)c->jitter * 1e-6, c->rate);
    fprintf(file, ",\"queue_bytes\":%" PRIu64 ",\"loss\":%g,\"burst_loss\":%g,\"burst_length\":%g",
            c->queue, c->loss, c->burst_loss, c->burst_length);
    fprintf(file, ",\"reorder\":%g,\"detour_ms\":%g", c->reorder, (double)c->detour * 1e-6);
    fprintf(file, ",\"packets_in\":%" PRIu64 ",\"bytes_in\":%" PRIu64, n->packets_in, n->bytes_in);
    fprintf(file, ",\"packets_out\":%" PRIu64 ",\"bytes_out\":%" PRIu64, n->packets_out, n->bytes_out);
    fprintf(file, ",\"tcp_bytes_out\":%" PRIu64 ",\"udp_bytes_out\":%" PRIu64, n->tcp_bytes_out,
            n->udp_bytes_out);
    fprintf(file, ",\"dropped_queue\":%" PRIu64 ",\"dropped_loss\":%" PRIu64, n->dropped_queue,
            n->dropped_loss);
    fprintf(file, ",\"dropped_burst\":%" PRIu64 ",\"reordered\":%" PRIu64, n->dropped_burst, n->reordered);
    fprintf(file, ",\"queue_peak_bytes\":%" PRIu64, n->queue_peak);
    fprintf(file, ",\"dropped_memory\":%" PRIu64 ",\"dropped_write\":%" PRIu64, n->dropped_memory,
            n->dropped_write);
    fprintf(file, ",\"device_overflow\":%" PRId64, overflow);
    double mean = n->packets_out ? (double)n->late_sum / (double)n->packets_out : 0;
    fprintf(file, ",\"late_mean_us\":%.1f,\"late_max_us\":%.1f,\"late_over_1ms\":%" PRIu64 "}", mean * 1e-3,
            (double)n->late_max * 1e-3, n->late_over_millisecond);
    return n->dropped_memory == 0 && n->dropped_write == 0 && overflow == 0;
}

void report_print(FILE *file, const struct run *run, uint64_t now) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double wall = (double)(now - run->started) * 1e-9;
    double cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    double active = run->first_packet ? (double)(now - run->first_packet) * 1e-9 : 0;
    fprintf(file, "{\"seed\":%" PRIu64 ",\"mtu\":%d,\"tick_us\":%g,\"real_time\":%s", run->options.seed,
            run->options.mtu, (double)run->options.tick * 1e-3, run->real_time ? "true" : "false");
    fprintf(file, ",\"seconds\":%.3f,\"active_seconds\":%.3f,\"cpu_user\":%.3f,\"cpu_system\":%.3f", wall,
            active, seconds(usage.ru_utime), seconds(usage.ru_stime));
    fprintf(file, ",\"core_share\":%.3f,\"slept_ms\":%.3f,\"slept_max_ms\":%.3f,",
            active > 0 ? cpu / active : 0, (double)run->slept_sum * 1e-6, (double)run->slept_max * 1e-6);
    int valid = print_direction(file, "a_to_b", &run->links[A_TO_B], tunnel_overflow(&run->tunnels[0]));
    fputc(',', file);
    valid &= print_direction(file, "b_to_a", &run->links[B_TO_A], tunnel_overflow(&run->tunnels[1]));
    fprintf(file, ",\"valid\":%s}\n", valid ? "true" : "false");
    fflush(file);
}

void report_samples_heading(FILE *file) {
    fputs("seconds,a_to_b_bytes,a_to_b_waiting,b_to_a_bytes,b_to_a_waiting\n", file);
}

void report_sample(FILE *file, const struct run *run, uint64_t now) {
    const struct link *forth = &run->links[A_TO_B], *back = &run->links[B_TO_A];
    fprintf(file, "%.3f,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n",
            (double)(now - run->started) * 1e-9, forth->counters.bytes_out, link_queue_length(forth, now),
            back->counters.bytes_out, link_queue_length(back, now));
}
