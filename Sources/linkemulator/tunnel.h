/// The ends of the emulated link: one TUN device in each of two network namespaces.
#ifndef LINKEMULATOR_TUNNEL_H
#define LINKEMULATOR_TUNNEL_H

#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>

/// Where an end lives. The device vanishes when the emulator ends, however it ends.
struct tunnel_place {
    /// A name of `ip netns`, or "self" for the namespace the emulator was started in.
    char name_space[64];
    char device[IFNAMSIZ];
    struct in_addr address;
    int prefix_length;
};

struct tunnel {
    struct tunnel_place place;
    /// Reads give whole IP packets, writes take them; never blocks.
    int packets;
    /// The namespace itself, kept to read the device's counters at the end.
    int name_space;
};

/// Makes the device, gives it its address and MTU, and brings it up. 0, or -1 after a message on
/// standard error.
int tunnel_make(struct tunnel *tunnel, const struct tunnel_place *place, int mtu);

/// Packets the kernel dropped between the end's network stack and the emulator because the emulator
/// did not read fast enough; -1 if that cannot be told. In a valid run it is 0.
int64_t tunnel_overflow(const struct tunnel *tunnel);

#endif
