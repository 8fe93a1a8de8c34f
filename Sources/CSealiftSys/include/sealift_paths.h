// Names: every call is anchored at a directory descriptor.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// How a descriptor is opened; combined with `|`. None is followed through a final link.
enum sealift_open {
    sealift_open_directory = 1,  // a directory, as an anchor only (O_PATH)
    sealift_open_read = 2,       // never blocks, even where a FIFO took the name
    sealift_open_write = 4,
    sealift_open_exclusive = 8,  // creates; fails where the name exists
    sealift_open_create = 16,    // creates where the name is missing
    sealift_open_listing = 32    // a directory, to be read and synced
};

// Opens a path given by the user, links followed.
int sealift_path_open(const char *path, int how, uint32_t mode);

// Opens one name in a directory. Links in it are refused with ELOOP or ENOTDIR.
int sealift_path_open_name(int directory, const char *name, int how, uint32_t mode);

// Opens a path beneath a directory; no link is followed anywhere, `..` cannot lead out (openat2
// with RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS). -ENOSYS on old kernels.
int sealift_path_open_beneath(int directory, const char *path, int how, uint32_t mode);

// What the kernel knows about a name or a descriptor.
struct sealift_status {
    int64_t size;
    int64_t blocks;  // of 512 bytes
    int64_t modified_seconds;
    int64_t changed_seconds;
    uint32_t modified_nanoseconds;
    uint32_t changed_nanoseconds;
    uint64_t device;
    uint64_t inode;
    uint64_t links;
    uint32_t mode;  // kind and permission bits
    uint32_t owner;
};

// A name's status; a link's is its own.
int sealift_path_status(int directory, const char *name, struct sealift_status *status);
int sealift_descriptor_status(int descriptor, struct sealift_status *status);

int sealift_path_make_directory(int directory, const char *name, uint32_t mode);
int sealift_path_remove_file(int directory, const char *name);
int sealift_path_remove_directory(int directory, const char *name);
int sealift_path_make_link(int directory, const char *name, const char *target);
// Returns the length of the target, at most `capacity`.
int64_t sealift_path_read_link(int directory, const char *name, char *target, size_t capacity);

// renameat2 with RENAME_NOREPLACE: -EEXIST where the new name exists, -EINVAL where the file
// system cannot tell.
int sealift_path_rename_without_replacing(int from, const char *name, int to, const char *new_name);
// rename over whatever stands there.
int sealift_path_rename(int from, const char *name, int to, const char *new_name);
// renameat2 with RENAME_EXCHANGE: both names stay, each with what the other had. -EINVAL where the
// file system cannot.
int sealift_path_exchange(int from, const char *name, int to, const char *other);
// A second name for a file; -EEXIST where it exists. A final link is not followed.
int sealift_path_hard_link(int from, const char *name, int to, const char *new_name);

// Reads directory records (struct linux_dirent64) into `buffer`: bytes read, 0 at the end.
int64_t sealift_directory_read(int directory, void *buffer, size_t capacity);

// The true absolute path of `path`, with a terminator, into PATH_MAX bytes: its length.
int64_t sealift_path_real(const char *path, char *buffer);
