#define _GNU_SOURCE
#include "sealift_datagrams.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

// Room for the control messages of one buffer, on either way.
enum {
    control_size = CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) * 3
                   + CMSG_SPACE(sizeof(uint32_t))
};

union control {
    char bytes[control_size];
    struct cmsghdr aligned;
};

union any_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Addresses

static socklen_t write_address(const struct sealift_address *from, union any_address *to) {
    memset(to, 0, sizeof *to);
    if (from->family == 4) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons(from->port);
        memcpy(&to->v4.sin_addr, from->bytes, 4);
        return sizeof to->v4;
    }
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons(from->port);
    to->v6.sin6_scope_id = from->scope;
    memcpy(&to->v6.sin6_addr, from->bytes, 16);
    return sizeof to->v6;
}

bool sealift_address_read(const struct sockaddr *from, struct sealift_address *to) {
    memset(to, 0, sizeof *to);
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        to->family = 4;
        to->port = ntohs(v4->sin_port);
        memcpy(to->bytes, &v4->sin_addr, 4);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        to->family = 6;
        to->port = ntohs(v6->sin6_port);
        to->scope = v6->sin6_scope_id;
        memcpy(to->bytes, &v6->sin6_addr, 16);
        return true;
    }
    return false;
}

uint32_t sealift_interface_index(const char *name) { return if_nametoindex(name); }

// Sockets and options

static int set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

static int get_option(int fd, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, level, name, &value, &size) < 0 ? -errno : value;
}

int sealift_datagram_open(int family) {
    int result = socket(family == 4 ? AF_INET : AF_INET6,
                        SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_UDP);
    return result < 0 ? -errno : result;
}

int sealift_datagram_report_everything(int fd, int family) {
    int result = family == 4 ? set_option(fd, IPPROTO_IP, IP_RECVTOS, 1)
                             : set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    if (result < 0) return result;
    result = family == 4 ? set_option(fd, IPPROTO_IP, IP_PKTINFO, 1)
                         : set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    return result < 0 ? result : set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
}

int sealift_datagram_never_fragment(int fd, int family) {
    return family == 4 ? set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
                       : set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

int sealift_datagram_only_version_6(int fd) {
    return set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
}

int sealift_datagram_coalesce(int fd) { return set_option(fd, IPPROTO_UDP, UDP_GRO, 1); }

int sealift_datagram_only_interface(int fd, const char *name) {
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0 ? -errno
                                                                                          : 0;
}

int sealift_datagram_set_receive_buffer(int fd, int bytes) {
    if (set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) == 0) return 0;
    return set_option(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

int sealift_datagram_set_send_buffer(int fd, int bytes) {
    if (set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, bytes) == 0) return 0;
    return set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes);
}

int sealift_datagram_receive_buffer(int fd) { return get_option(fd, SOL_SOCKET, SO_RCVBUF); }

int sealift_datagram_send_buffer(int fd) { return get_option(fd, SOL_SOCKET, SO_SNDBUF); }

int sealift_datagram_bind(int fd, const struct sealift_address *address) {
    union any_address to;
    socklen_t size = write_address(address, &to);
    return bind(fd, &to.any, size) < 0 ? -errno : 0;
}

int sealift_datagram_local_address(int fd, struct sealift_address *address) {
    union any_address from;
    socklen_t size = sizeof from;
    if (getsockname(fd, &from.any, &size) < 0) return -errno;
    return sealift_address_read(&from.any, address) ? 0 : -EAFNOSUPPORT;
}

int sealift_datagram_source(const struct sealift_address *remote, struct sealift_address *source) {
    int fd = sealift_datagram_open(remote->family);
    if (fd < 0) return fd;
    union any_address to;
    socklen_t size = write_address(remote, &to);
    // Connecting a UDP socket sends nothing: it looks the route up.
    int result = connect(fd, &to.any, size) < 0 ? -errno : sealift_datagram_local_address(fd, source);
    close(fd);
    source->port = 0;
    return result;
}

// Sending

struct outgoing_parts {
    union any_address destination;
    struct iovec bytes;
    union control control;
};

static void *append_control(struct msghdr *message, size_t *used, int level, int type,
                            size_t size) {
    struct cmsghdr *header = (struct cmsghdr *)((char *)message->msg_control + *used);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(size);
    *used += CMSG_SPACE(size);
    return CMSG_DATA(header);
}

static void append_source(struct msghdr *message, size_t *used,
                          const struct sealift_address *source) {
    if (source->family == 4) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, source->bytes, 4);
        memcpy(append_control(message, used, IPPROTO_IP, IP_PKTINFO, sizeof info), &info,
               sizeof info);
    } else {
        struct in6_pktinfo info = {.ipi6_ifindex = source->scope};
        memcpy(&info.ipi6_addr, source->bytes, 16);
        memcpy(append_control(message, used, IPPROTO_IPV6, IPV6_PKTINFO, sizeof info), &info,
               sizeof info);
    }
}

static void write_message(const struct sealift_outgoing *outgoing, struct outgoing_parts *parts,
                          struct msghdr *message) {
    memset(message, 0, sizeof *message);
    memset(&parts->control, 0, sizeof parts->control);
    parts->bytes.iov_base = (void *)outgoing->bytes;
    parts->bytes.iov_len = outgoing->count;
    message->msg_name = &parts->destination;
    message->msg_namelen = write_address(&outgoing->destination, &parts->destination);
    message->msg_iov = &parts->bytes;
    message->msg_iovlen = 1;
    message->msg_control = &parts->control;

    size_t used = 0;
    bool is_v4 = outgoing->destination.family == 4;
    if (outgoing->source.family == outgoing->destination.family) {
        append_source(message, &used, &outgoing->source);
    }
    if (outgoing->traffic_class != 0) {
        int value = outgoing->traffic_class;
        memcpy(append_control(message, &used, is_v4 ? IPPROTO_IP : IPPROTO_IPV6,
                              is_v4 ? IP_TOS : IPV6_TCLASS, sizeof value),
               &value, sizeof value);
    }
    if (outgoing->segment_size != 0) {
        uint16_t value = outgoing->segment_size;
        memcpy(append_control(message, &used, IPPROTO_UDP, UDP_SEGMENT, sizeof value), &value,
               sizeof value);
    }
    message->msg_controllen = used;
    if (used == 0) message->msg_control = NULL;
}

int64_t sealift_datagram_send(int fd, const struct sealift_outgoing *outgoing) {
    struct outgoing_parts parts;
    struct msghdr message;
    write_message(outgoing, &parts, &message);
    ssize_t result = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return result < 0 ? -errno : result;
}

int sealift_datagram_send_many(int fd, const struct sealift_outgoing *outgoing,
                               unsigned int count) {
    struct outgoing_parts parts[sealift_datagram_batch];
    struct mmsghdr messages[sealift_datagram_batch];
    if (count > sealift_datagram_batch) count = sealift_datagram_batch;
    for (unsigned int i = 0; i < count; i++) {
        write_message(&outgoing[i], &parts[i], &messages[i].msg_hdr);
        messages[i].msg_len = 0;
    }
    int result = sendmmsg(fd, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    return result < 0 ? -errno : result;
}

// Receiving

struct incoming_parts {
    union any_address source;
    struct iovec bytes;
    union control control;
};

static void read_control(struct msghdr *message, struct sealift_incoming *incoming) {
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        const void *data = CMSG_DATA(header);
        int level = header->cmsg_level, type = header->cmsg_type;
        if (level == IPPROTO_UDP && type == UDP_GRO) {
            int value;
            memcpy(&value, data, sizeof value);
            if (value > 0) incoming->segment_size = (uint32_t)value;
        } else if (level == IPPROTO_IP && type == IP_TOS) {
            memcpy(&incoming->traffic_class, data, 1);
        } else if (level == IPPROTO_IPV6 && type == IPV6_TCLASS) {
            int value;
            memcpy(&value, data, sizeof value);
            incoming->traffic_class = (uint8_t)value;
        } else if (level == IPPROTO_IP && type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, data, sizeof info);
            incoming->destination.family = 4;
            memcpy(incoming->destination.bytes, &info.ipi_addr, 4);
        } else if (level == IPPROTO_IPV6 && type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, data, sizeof info);
            incoming->destination.family = 6;
            memcpy(incoming->destination.bytes, &info.ipi6_addr, 16);
            if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr)) {
                incoming->destination.scope = info.ipi6_ifindex;
            }
        } else if (level == SOL_SOCKET && type == SO_RXQ_OVFL) {
            memcpy(&incoming->drops, data, sizeof incoming->drops);
            incoming->has_drops = true;
        }
    }
}

int sealift_datagram_receive_many(int fd, void *slots, size_t slot_size,
                                  struct sealift_incoming *incoming, unsigned int count) {
    struct incoming_parts parts[sealift_datagram_batch];
    struct mmsghdr messages[sealift_datagram_batch];
    if (count > sealift_datagram_batch) count = sealift_datagram_batch;
    for (unsigned int i = 0; i < count; i++) {
        parts[i].bytes.iov_base = (char *)slots + i * slot_size;
        parts[i].bytes.iov_len = slot_size;
        messages[i] = (struct mmsghdr){
            .msg_hdr = {.msg_name = &parts[i].source,
                        .msg_namelen = sizeof parts[i].source,
                        .msg_iov = &parts[i].bytes,
                        .msg_iovlen = 1,
                        .msg_control = &parts[i].control,
                        .msg_controllen = sizeof parts[i].control}};
    }
    int result = recvmmsg(fd, messages, count, MSG_DONTWAIT, NULL);
    if (result < 0) return -errno;
    for (int i = 0; i < result; i++) {
        memset(&incoming[i], 0, sizeof incoming[i]);
        incoming[i].count = messages[i].msg_len;
        incoming[i].segment_size = messages[i].msg_len;
        incoming[i].is_truncated = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
        sealift_address_read(&parts[i].source.any, &incoming[i].source);
        read_control(&messages[i].msg_hdr, &incoming[i]);
    }
    return result;
}
