// The two calls of GCC's OpenMP run time that the project makes; oneDNN threads with it.
// Declared here because clang does not find GCC's own <omp.h>.
#pragma once
void omp_set_num_threads(int count);
int omp_get_max_threads(void);
