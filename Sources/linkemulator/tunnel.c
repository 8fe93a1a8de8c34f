#define _GNU_SOURCE
#include "tunnel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/// Packets the kernel holds for us while we are not scheduled: 98 MB of full packets, so that a TCP
/// that sends a whole window at once still meets the emulated queue and not this one.
enum { DEVICE_QUEUE = 65536 };

static int fail(const struct tunnel_place *place, const char *what) {
    fprintf(stderr, "linkemulator: %s, %s: %s: %s\n", place->name_space, place->device, what,
            strerror(errno));
    return -1;
}

static int open_name_space(const char *name) {
    char path[128] = "/proc/self/ns/net";
    if (strcmp(name, "self") != 0) snprintf(path, sizeof path, "/run/netns/%s", name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/// Sets the device's address, MTU and queue, and brings it up. The calling thread is in its namespace.
static int configure(const struct tunnel_place *place, int mtu) {
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (control < 0) return fail(place, "cannot open a socket");
    struct ifreq request = {0};
    memcpy(request.ifr_name, place->device, IFNAMSIZ);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = place->address};
    int result = -1;

    request.ifr_mtu = mtu;
    if (ioctl(control, SIOCSIFMTU, &request) < 0) {
        fail(place, "cannot set the MTU");
        goto done;
    }
    request.ifr_qlen = DEVICE_QUEUE;
    if (ioctl(control, SIOCSIFTXQLEN, &request) < 0) {
        fail(place, "cannot set the queue");
        goto done;
    }
    memcpy(&request.ifr_addr, &address, sizeof address);
    if (ioctl(control, SIOCSIFADDR, &request) < 0) {
        fail(place, "cannot set the address");
        goto done;
    }
    address.sin_addr.s_addr =
        place->prefix_length == 0 ? 0 : htonl(~0u << (32 - place->prefix_length));
    memcpy(&request.ifr_netmask, &address, sizeof address);
    if (ioctl(control, SIOCSIFNETMASK, &request) < 0) {
        fail(place, "cannot set the prefix length");
        goto done;
    }
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) < 0) {
        fail(place, "cannot bring the device up");
        goto done;
    }
    result = 0;
done:
    close(control);
    return result;
}

int tunnel_make(struct tunnel *tunnel, const struct tunnel_place *place, int mtu) {
    tunnel->place = *place;
    int home = open_name_space("self");
    tunnel->name_space = open_name_space(place->name_space);
    if (home < 0 || tunnel->name_space < 0) return fail(place, "no such network namespace");
    if (setns(tunnel->name_space, CLONE_NEWNET) < 0) return fail(place, "cannot enter (not root?)");

    // A TUN device belongs to the namespace its file was opened in.
    tunnel->packets = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tunnel->packets < 0) return fail(place, "cannot open /dev/net/tun");
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_TUN_EXCL};
    memcpy(request.ifr_name, place->device, IFNAMSIZ);
    if (ioctl(tunnel->packets, TUNSETIFF, &request) < 0) return fail(place, "cannot make the device");
    if (configure(place, mtu) < 0) return -1;

    if (setns(home, CLONE_NEWNET) < 0) return fail(place, "cannot come back");
    close(home);
    return 0;
}

int64_t tunnel_overflow(const struct tunnel *tunnel) {
    if (setns(tunnel->name_space, CLONE_NEWNET) < 0) return -1;
    FILE *table = fopen("/proc/thread-self/net/dev", "re");
    if (table == NULL) return -1;
    char line[512];
    int64_t result = -1;
    while (fgets(line, sizeof line, table) != NULL) {
        char name[IFNAMSIZ + 1];
        unsigned long long dropped;
        // Sixteen columns: eight received, then bytes, packets, errors, drops sent.
        const char *columns = " %16[^:]: %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu";
        if (sscanf(line, columns, name, &dropped) == 2 && strcmp(name, tunnel->place.device) == 0)
            result = (int64_t)dropped;
    }
    fclose(table);
    return result;
}
