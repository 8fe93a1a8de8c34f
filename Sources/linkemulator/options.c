#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "linkemulator: a long, lossy, slow link between two network namespaces of this machine\n"
    "\n"
    "  linkemulator --a NS:DEV:ADDRESS/BITS --b NS:DEV:ADDRESS/BITS [options]\n"
    "\n"
    "  ip netns add left; ip netns add right\n"
    "  linkemulator --a left:wan0:10.9.0.1/24 --b right:wan0:10.9.0.2/24 \\\n"
    "      --both delay=150ms,rate=500mbit,queue=1bdp,loss=1% --seed 7 &\n"
    "  ip netns exec left ping 10.9.0.2\n"
    "\n"
    "It makes one TUN device in each namespace and carries every IP packet between them. The\n"
    "devices vanish when it ends. It runs until SIGTERM or SIGINT, then prints its counters as one\n"
    "JSON object on standard output; SIGUSR1 prints them at once. \"ready\" on standard error says\n"
    "that the link is up.\n"
    "\n"
    "Ends\n"
    "  --a, --b NS:DEV:ADDRESS/BITS   namespace of `ip netns` (or \"self\"), device to make, IPv4\n"
    "\n"
    "Conditions: a comma-separated list; later ones win\n"
    "  --both LIST      both directions\n"
    "  --a-to-b LIST    packets sent by a\n"
    "  --b-to-a LIST    packets sent by b\n"
    "    delay=TIME           one way (so the RTT is the sum of both directions)\n"
    "    jitter=TIME          each packet late by a uniform draw below TIME; order is kept\n"
    "    rate=RATE            bits a second over whole IP packets: 500mbit, 1gbit; exact\n"
    "    queue=SIZE           bytes that may wait for the rate, then the tail is dropped:\n"
    "                         200kB, 1MiB, or in units of rate x RTT: 1bdp\n"
    "    loss=SHARE           each packet for itself: 1%, 0.01\n"
    "    burst=SHARE/LENGTH   Gilbert-Elliott: so many packets are lost, in runs of that mean length\n"
    "    reorder=SHARE/TIME   so many packets take a detour and come later by TIME\n"
    "  A packet passes queue, rate, loss, delay in this order: a lost packet has used the link.\n"
    "\n"
    "Options\n"
    "  --mtu BYTES            of both devices (1500)\n"
    "  --seed NUMBER          of all random draws (1); the same seed loses the same packets\n"
    "  --tick TIME            rest between two looks at a busy link; default 250us, less where the\n"
    "                         delay is below 5ms. Timing is right within about one tick\n"
    "  --memory SIZE          for packets in flight, each direction (computed from the conditions)\n"
    "  --samples FILE         time series as CSV: seconds, then per direction bytes delivered and\n"
    "                         bytes waiting\n"
    "  --sample-interval TIME (100ms)\n"
    "  --with-parent          end when the process that started it ends\n"
    "\n"
    "The counters dropped_memory, dropped_write and device_overflow are faults of the emulator, not\n"
    "of the link: \"valid\" is true only if they are 0. late_* say how exact the timing was.\n"
    "\n"
    "Where the kernel has netem, `tc qdisc add dev veth0 root netem delay 150ms loss 1%` with a rate\n"
    "limiter behind it does the same; this program is for kernels without it.\n";

static _Noreturn void usage_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "linkemulator: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nlinkemulator --help says more\n");
    va_end(arguments);
    exit(64);
}

struct unit {
    const char *name;
    double factor;
};

static const struct unit TIMES[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {NULL, 0}};
static const struct unit RATES[] = {
    {"bit", 1}, {"kbit", 1e3}, {"mbit", 1e6}, {"gbit", 1e9}, {NULL, 0}};
static const struct unit SIZES[] = {{"B", 1},      {"kB", 1e3},       {"MB", 1e6}, {"GB", 1e9},
                                    {"KiB", 1024}, {"MiB", 1048576.0}, {NULL, 0}};
static const struct unit SHARES[] = {{"", 1}, {"%", 0.01}, {NULL, 0}};
static const struct unit NUMBERS[] = {{"", 1}, {NULL, 0}};

/// A number with one of `units` behind it, not negative.
static double quantity(const char *text, const struct unit *units) {
    char *end;
    double number = strtod(text, &end);
    if (end == text || !(number >= 0) || number > 1e18) usage_error("not a quantity: %s", text);
    for (; units->name != NULL; units++)
        if (strcmp(end, units->name) == 0) return number * units->factor;
    usage_error("no such unit: %s", text);
}

static double share(const char *text) {
    double value = quantity(text, SHARES);
    if (value > 1) usage_error("a share is at most 100%%: %s", text);
    return value;
}

/// Splits "left/right" in place.
static char *after_slash(char *text) {
    char *slash = strchr(text, '/');
    if (slash == NULL) usage_error("a slash is missing: %s", text);
    *slash = 0;
    return slash + 1;
}

/// Sets one `key=value`. A queue in units of the BDP waits in `*bdp` until all is known.
static void set_condition(struct link_conditions *c, double *bdp, const char *key, char *value) {
    if (strcmp(key, "delay") == 0) {
        c->delay = (uint64_t)quantity(value, TIMES);
    } else if (strcmp(key, "jitter") == 0) {
        c->jitter = (uint64_t)quantity(value, TIMES);
    } else if (strcmp(key, "rate") == 0) {
        c->rate = (uint64_t)quantity(value, RATES);
    } else if (strcmp(key, "queue") == 0) {
        char *unit = strstr(value, "bdp");
        if (unit != NULL && unit[3] == 0) {
            *unit = 0;
            *bdp = quantity(value, NUMBERS);
        } else {
            *bdp = 0;
            c->queue = (uint64_t)quantity(value, SIZES);
        }
    } else if (strcmp(key, "loss") == 0) {
        c->loss = share(value);
    } else if (strcmp(key, "burst") == 0) {
        c->burst_length = quantity(after_slash(value), NUMBERS);
        c->burst_loss = share(value);
        if (c->burst_length < 1) usage_error("a burst is at least one packet long");
        if (c->burst_loss > 0.5) usage_error("burst loss is at most 50%%");
    } else if (strcmp(key, "reorder") == 0) {
        c->detour = (uint64_t)quantity(after_slash(value), TIMES);
        c->reorder = share(value);
    } else {
        usage_error("no such condition: %s", key);
    }
}

/// Applies a list of conditions to the directions from `first` to `last`.
static void set_conditions(struct options *options, double *bdp, int first, int last, const char *list) {
    for (int direction = first; direction <= last; direction++) {
        char *copy = strdup(list), *rest;
        for (char *item = strtok_r(copy, ", ", &rest); item; item = strtok_r(NULL, ", ", &rest)) {
            char *value = strchr(item, '=');
            if (value == NULL) usage_error("a condition is KEY=VALUE: %s", item);
            *value = 0;
            set_condition(&options->conditions[direction], &bdp[direction], item, value + 1);
        }
        free(copy);
    }
}

static struct tunnel_place place(char *text) {
    struct tunnel_place place = {0};
    char address[64];
    int end = 0;
    int fields = sscanf(text, "%63[^:]:%15[^:]:%63[0-9.]/%d%n", place.name_space, place.device, address,
                        &place.prefix_length, &end);
    if (fields != 4 || text[end] != 0 || inet_pton(AF_INET, address, &place.address) != 1 ||
        place.prefix_length < 0 || place.prefix_length > 32)
        usage_error("an end is NS:DEV:ADDRESS/BITS: %s", text);
    return place;
}

/// What the parts of the command line mean together.
static void complete(struct options *options, const double *bdp) {
    const struct link_conditions *c = options->conditions;
    double round_trip = (double)(c[A_TO_B].delay + c[B_TO_A].delay) * 1e-9;
    for (int direction = 0; direction < DIRECTIONS; direction++) {
        struct link_conditions *own = &options->conditions[direction];
        if (bdp[direction] == 0) continue;
        if (own->rate == 0) usage_error("a queue in bdp needs a rate");
        own->queue = (uint64_t)(bdp[direction] * (double)own->rate / 8 * round_trip);
        if (own->queue < (uint64_t)options->mtu * 2) own->queue = (uint64_t)options->mtu * 2;
    }
    if (options->tick == 0) {
        // A twentieth of the shorter delay, so that rounding to ticks stays small beside it. A wake
        // costs up to 27 us in a virtual machine: 4,000 a second are 0.1 core, 10,000 a quarter.
        uint64_t least = c[A_TO_B].delay < c[B_TO_A].delay ? c[A_TO_B].delay : c[B_TO_A].delay;
        options->tick = least / 20 > 250000 ? 250000 : least / 20 < 10000 ? 10000 : least / 20;
    }
}

struct options options_read(int count, char **arguments) {
    enum { A, B, BOTH, FORTH, BACK, MTU, SEED, TICK, MEMORY, SAMPLES, INTERVAL, PARENT, HELP_OPTION };
    static const struct option names[] = {
        {"a", 1, 0, A},           {"b", 1, 0, B},
        {"both", 1, 0, BOTH},     {"a-to-b", 1, 0, FORTH},
        {"b-to-a", 1, 0, BACK},   {"mtu", 1, 0, MTU},
        {"seed", 1, 0, SEED},     {"tick", 1, 0, TICK},
        {"memory", 1, 0, MEMORY}, {"samples", 1, 0, SAMPLES},
        {"help", 0, 0, HELP_OPTION}, {"sample-interval", 1, 0, INTERVAL},
        {"with-parent", 0, 0, PARENT}, {0, 0, 0, 0},
    };
    struct options options = {.mtu = 1500, .seed = 1, .sample_interval = 100000000};
    double bdp[DIRECTIONS] = {0, 0};
    int option;
    while ((option = getopt_long(count, arguments, "", names, NULL)) != -1) {
        switch (option) {
        case A: options.places[0] = place(optarg); break;
        case B: options.places[1] = place(optarg); break;
        case BOTH: set_conditions(&options, bdp, A_TO_B, B_TO_A, optarg); break;
        case FORTH: set_conditions(&options, bdp, A_TO_B, A_TO_B, optarg); break;
        case BACK: set_conditions(&options, bdp, B_TO_A, B_TO_A, optarg); break;
        case MTU: options.mtu = (int)quantity(optarg, NUMBERS); break;
        case SEED: options.seed = strtoull(optarg, NULL, 10); break;
        case TICK: options.tick = (uint64_t)quantity(optarg, TIMES); break;
        case MEMORY: options.memory = (uint64_t)quantity(optarg, SIZES); break;
        case SAMPLES: options.samples = optarg; break;
        case INTERVAL: options.sample_interval = (uint64_t)quantity(optarg, TIMES); break;
        case PARENT: options.with_parent = 1; break;
        case HELP_OPTION: fputs(HELP, stdout); exit(0);
        default: usage_error("unknown option");
        }
    }
    if (optind != count) usage_error("unexpected: %s", arguments[optind]);
    if (options.places[0].device[0] == 0 || options.places[1].device[0] == 0)
        usage_error("--a and --b are needed");
    if (options.mtu < 576 || options.mtu > 65521) usage_error("the MTU is from 576 to 65521");
    if (options.sample_interval < 1000000) usage_error("the sample interval is at least 1ms");
    complete(&options, bdp);
    return options;
}
