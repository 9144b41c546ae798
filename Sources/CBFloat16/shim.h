#pragma once

// bfloat16 numbers in vectors, for which Swift has no operations: AVX-512's instructions where the processor that is compiled
// for has them, else the same arithmetic step by step.

typedef float bfloat16_sums __attribute__((ext_vector_type(16)));
typedef unsigned bfloat16_pairs __attribute__((ext_vector_type(16)));
typedef unsigned short bfloat16_numbers __attribute__((ext_vector_type(16)));

#ifdef __AVX512BF16__
#define BFLOAT16_IS_FAST 1
typedef __bf16 bfloat16_halves __attribute__((vector_size(64)));
typedef float bfloat16_floats __attribute__((vector_size(64)));
#else
#define BFLOAT16_IS_FAST 0
#endif

/// sums + the products of either number of a pair: the first ones are in the low halves.
static inline __attribute__((always_inline)) bfloat16_sums
bfloat16_add_products(bfloat16_sums sums, bfloat16_pairs a, bfloat16_pairs b) {
#ifdef __AVX512BF16__
    return (bfloat16_sums)__builtin_ia32_dpbf16ps_512(
        (bfloat16_floats)sums, (bfloat16_halves)a, (bfloat16_halves)b);
#else
    sums += (bfloat16_sums)(a & 0xffff0000u) * (bfloat16_sums)(b & 0xffff0000u);
    return sums + (bfloat16_sums)(a << 16) * (bfloat16_sums)(b << 16);
#endif
}

/// The nearest bfloat16 of each number, ties to even.
static inline __attribute__((always_inline)) bfloat16_numbers bfloat16_round(bfloat16_sums x) {
    bfloat16_pairs bits = (bfloat16_pairs)x;
    bfloat16_pairs rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    // What is no number stays none.
    bfloat16_pairs none = (bits >> 16) | 0x40u;
    return __builtin_convertvector(x == x ? rounded : none, bfloat16_numbers);
}
