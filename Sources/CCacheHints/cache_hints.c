// All of it is inlined; a target has a source.
#include "cache_hints.h"
