#include "cache_hints.h"
