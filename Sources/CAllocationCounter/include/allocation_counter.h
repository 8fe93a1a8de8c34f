// Counts the allocations of the program it is linked into: for benchmarks, not a product.
//
// It takes the place of malloc and its relatives and passes each call on to glibc.
#pragma once

#include <stdint.h>

// Allocations made by the calling thread so far.
uint64_t allocation_count(void);
