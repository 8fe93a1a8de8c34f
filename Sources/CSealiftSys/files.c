#define _GNU_SOURCE
#include "sealift_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int outcome(int result) { return result < 0 ? -errno : result; }

int64_t sealift_file_read(int file, void *bytes, size_t count, int64_t offset) {
    ssize_t result = pread(file, bytes, count, offset);
    return result < 0 ? -errno : result;
}

int64_t sealift_file_write(int file, const void *bytes, size_t count, int64_t offset) {
    ssize_t result = pwrite(file, bytes, count, offset);
    return result < 0 ? -errno : result;
}

int64_t sealift_file_next_data(int file, int64_t offset) {
    off_t result = lseek(file, offset, SEEK_DATA);
    return result < 0 ? -errno : result;
}

int64_t sealift_file_next_hole(int file, int64_t offset) {
    off_t result = lseek(file, offset, SEEK_HOLE);
    return result < 0 ? -errno : result;
}

int sealift_file_set_size(int file, int64_t size) { return outcome(ftruncate(file, size)); }

int sealift_file_reserve(int file, int64_t offset, int64_t count) {
    return outcome(fallocate(file, FALLOC_FL_KEEP_SIZE, offset, count));
}

int sealift_file_take_read_lease(int file) {
    // Who waits for the lease is told of by a signal: SIGIO would end the process, SIGURG is ignored.
    if (fcntl(file, F_SETSIG, SIGURG) < 0) return -errno;
    if (fcntl(file, F_SETLEASE, F_RDLCK) == 0) return 0;
    return errno == EAGAIN ? 1 : -errno;
}

int sealift_file_give_lease_up(int file) { return outcome(fcntl(file, F_SETLEASE, F_UNLCK)); }

int sealift_file_sync_data(int file) { return outcome(fdatasync(file)); }

int sealift_file_sync(int file) { return outcome(fsync(file)); }

int sealift_volume_sync(int descriptor) { return outcome(syncfs(descriptor)); }

int sealift_file_set_mode(int file, uint32_t mode) { return outcome(fchmod(file, (mode_t)mode)); }

int sealift_file_set_modified(int file, int64_t seconds, uint32_t nanoseconds) {
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    return outcome(futimens(file, times));
}

int sealift_file_close(int file) { return outcome(close(file)); }

int sealift_file_will_read_in_order(int file) {
    return -posix_fadvise(file, 0, 0, POSIX_FADV_SEQUENTIAL);
}

int sealift_file_will_need(int file, int64_t offset, int64_t count) {
    return -posix_fadvise(file, offset, count, POSIX_FADV_WILLNEED);
}

int sealift_file_will_not_need(int file, int64_t offset, int64_t count) {
    return -posix_fadvise(file, offset, count, POSIX_FADV_DONTNEED);
}

int sealift_file_lock_waiting(int file) { return outcome(flock(file, LOCK_EX)); }

int sealift_file_lock(int file) { return outcome(flock(file, LOCK_EX | LOCK_NB)); }

uint32_t sealift_file_creation_mask(void) {
    const mode_t mask = umask(077);
    umask(mask);
    return mask;
}

int sealift_volume_status(int descriptor, struct sealift_volume *volume) {
    struct statvfs from;
    if (fstatvfs(descriptor, &from) < 0) return -errno;
    volume->free_bytes = (uint64_t)from.f_bavail * from.f_frsize;
    volume->free_names = from.f_favail;
    return 0;
}

uint32_t sealift_user(void) { return geteuid(); }
