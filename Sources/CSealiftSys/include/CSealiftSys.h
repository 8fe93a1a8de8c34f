// The system calls that Swift's Glibc does not reach, one header and file per concern.
//
// Every function is a thin wrapper: it fills the kernel's structures, calls once, and returns the
// call's result, or -errno. Nothing here decides, retries, remembers or allocates.
#pragma once

#include "sealift_clock.h"
#include "sealift_datagrams.h"
#include "sealift_events.h"
#include "sealift_files.h"
#include "sealift_groups.h"
#include "sealift_memory.h"
#include "sealift_paths.h"
#include "sealift_streams.h"
#include "sealift_threads.h"
