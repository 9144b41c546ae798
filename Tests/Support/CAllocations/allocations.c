// Stands before glibc's allocator in the tests' process and counts what each thread holds.
#include "allocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Of the executable itself: reading them allocates nothing.
static __thread intptr_t held, peak;

void allocations_begin(void) { held = peak = 0; }

size_t allocations_peak(void) { return (size_t)peak; }

static void *counted(void *block) {
    if (block) {
        held += (intptr_t)malloc_usable_size(block);
        if (held > peak) peak = held;
    }
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }

void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
    void *block = memalign(alignment, size);
    if (!block) return ENOMEM;
    *result = block;
    return 0;
}

void *realloc(void *block, size_t size) {
    intptr_t before = block ? (intptr_t)malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (moved) {
        // While bytes are moved, both blocks are there.
        if (moved != block && held + (intptr_t)malloc_usable_size(moved) > peak)
            peak = held + (intptr_t)malloc_usable_size(moved);
        held -= before;
        counted(moved);
    } else if (size == 0) {
        held -= before;
    }
    return moved;
}

void free(void *block) {
    if (block) held -= (intptr_t)malloc_usable_size(block);
    __libc_free(block);
}
