// Open files: reading, writing, holes, and what reaches the disk when.
#pragma once

#include <stddef.h>
#include <stdint.h>

// One pread(2) or pwrite(2): the bytes moved, or -errno.
int64_t sealift_file_read(int file, void *bytes, size_t count, int64_t offset);
int64_t sealift_file_write(int file, const void *bytes, size_t count, int64_t offset);

// Where the next data, or the next hole, begins: -ENXIO when there is none.
int64_t sealift_file_next_data(int file, int64_t offset);
int64_t sealift_file_next_hole(int file, int64_t offset);

int sealift_file_set_size(int file, int64_t size);
// Reserves blocks without changing the size (FALLOC_FL_KEEP_SIZE).
int sealift_file_reserve(int file, int64_t offset, int64_t count);
int sealift_file_sync_data(int file);
int sealift_file_sync(int file);
// syncfs(2): everything on the volume that holds the descriptor.
int sealift_volume_sync(int descriptor);
int sealift_file_set_mode(int file, uint32_t mode);
int sealift_file_set_modified(int file, int64_t seconds, uint32_t nanoseconds);
int sealift_file_close(int file);

// posix_fadvise(2).
int sealift_file_will_read_in_order(int file);
int sealift_file_will_need(int file, int64_t offset, int64_t count);
int sealift_file_will_not_need(int file, int64_t offset, int64_t count);

// flock(2), exclusive, without waiting: -EWOULDBLOCK where another holds it.
int sealift_file_lock(int file);
// The same, waiting for it.
int sealift_file_lock_waiting(int file);
// A read lease (fcntl(2), F_SETLEASE): while it lasts, whoever opens the file for writing or cuts it waits.
// 0 where it was taken, 1 where somebody has the file open for writing, -errno where the file system or
// this user's rights give none.
int sealift_file_take_read_lease(int file);
int sealift_file_give_lease_up(int file);
// umask(2), read without changing it for longer than a moment.
uint32_t sealift_file_creation_mask(void);

// What is left on the volume that holds the descriptor.
struct sealift_volume {
    uint64_t free_bytes;  // for this user
    uint64_t free_names;  // inodes; 0 where the file system does not count them
};
int sealift_volume_status(int descriptor, struct sealift_volume *volume);

// The user this process acts as.
uint32_t sealift_user(void);
