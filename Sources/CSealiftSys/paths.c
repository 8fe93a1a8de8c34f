#define _GNU_SOURCE
#include "sealift_paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int flags(int how) {
    int result = O_CLOEXEC;
    if (how & sealift_open_directory) return result | O_PATH | O_DIRECTORY;
    if (how & sealift_open_listing) return result | O_RDONLY | O_DIRECTORY;
    result |= O_NONBLOCK | O_NOCTTY;
    if ((how & sealift_open_read) && (how & sealift_open_write)) {
        result |= O_RDWR;
    } else {
        result |= how & sealift_open_write ? O_WRONLY : O_RDONLY;
    }
    if (how & sealift_open_exclusive) result |= O_CREAT | O_EXCL;
    if (how & sealift_open_create) result |= O_CREAT;
    return result;
}

int sealift_path_open(const char *path, int how, uint32_t mode) {
    int result = open(path, flags(how), (mode_t)mode);
    return result < 0 ? -errno : result;
}

int sealift_path_open_name(int directory, const char *name, int how, uint32_t mode) {
    int result = openat(directory, name, flags(how) | O_NOFOLLOW, (mode_t)mode);
    return result < 0 ? -errno : result;
}

int sealift_path_open_beneath(int directory, const char *path, int how, uint32_t mode) {
    struct open_how details = {
        .flags = (uint64_t)(flags(how) | O_NOFOLLOW),
        .mode = how & (sealift_open_exclusive | sealift_open_create) ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long result = syscall(SYS_openat2, directory, path, &details, sizeof details);
    return result < 0 ? -errno : (int)result;
}

static int copy_status(int result, const struct stat *from, struct sealift_status *to) {
    if (result < 0) return -errno;
    *to = (struct sealift_status){
        .size = from->st_size,
        .blocks = from->st_blocks,
        .modified_seconds = from->st_mtim.tv_sec,
        .changed_seconds = from->st_ctim.tv_sec,
        .modified_nanoseconds = (uint32_t)from->st_mtim.tv_nsec,
        .changed_nanoseconds = (uint32_t)from->st_ctim.tv_nsec,
        .device = from->st_dev,
        .inode = from->st_ino,
        .links = from->st_nlink,
        .mode = from->st_mode,
        .owner = from->st_uid,
    };
    return 0;
}

int sealift_path_status(int directory, const char *name, struct sealift_status *status) {
    struct stat from;
    return copy_status(fstatat(directory, name, &from, AT_SYMLINK_NOFOLLOW), &from, status);
}

int sealift_descriptor_status(int descriptor, struct sealift_status *status) {
    struct stat from;
    return copy_status(fstat(descriptor, &from), &from, status);
}

static int outcome(int result) { return result < 0 ? -errno : result; }

int sealift_path_make_directory(int directory, const char *name, uint32_t mode) {
    return outcome(mkdirat(directory, name, (mode_t)mode));
}

int sealift_path_remove_file(int directory, const char *name) {
    return outcome(unlinkat(directory, name, 0));
}

int sealift_path_remove_directory(int directory, const char *name) {
    return outcome(unlinkat(directory, name, AT_REMOVEDIR));
}

int sealift_path_make_link(int directory, const char *name, const char *target) {
    return outcome(symlinkat(target, directory, name));
}

int64_t sealift_path_read_link(int directory, const char *name, char *target, size_t capacity) {
    ssize_t result = readlinkat(directory, name, target, capacity);
    return result < 0 ? -errno : result;
}

int sealift_path_rename_without_replacing(int from, const char *name, int to,
                                          const char *new_name) {
    return outcome(renameat2(from, name, to, new_name, RENAME_NOREPLACE));
}

int sealift_path_rename(int from, const char *name, int to, const char *new_name) {
    return outcome(renameat(from, name, to, new_name));
}

int sealift_path_exchange(int from, const char *name, int to, const char *other) {
    return outcome(renameat2(from, name, to, other, RENAME_EXCHANGE));
}

int sealift_path_hard_link(int from, const char *name, int to, const char *new_name) {
    return outcome(linkat(from, name, to, new_name, 0));
}

int64_t sealift_directory_read(int directory, void *buffer, size_t capacity) {
    ssize_t result = getdents64(directory, buffer, capacity);
    return result < 0 ? -errno : result;
}

int64_t sealift_path_real(const char *path, char *buffer) {
    return realpath(path, buffer) == NULL ? -errno : (int64_t)strlen(buffer);
}
