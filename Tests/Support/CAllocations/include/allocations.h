#pragma once
#include <stddef.h>

/// Counts what this thread has allocated and not freed from now on.
void allocations_begin(void);

/// The most bytes that were so at a time.
size_t allocations_peak(void);
