// Multicast groups: ip(7), ipv6(7).
#pragma once

#include <stdint.h>

#include "sealift_datagrams.h"

// Lets several sockets be bound to one group and port; each gets every datagram to the group.
int sealift_group_share_port(int fd);

// Joins `group` (its port and scope are not used) at the interface with this index. -errno.
int sealift_group_join(int fd, const struct sealift_address *group, uint32_t interface);
