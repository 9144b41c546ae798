// LAPACK's own interface, of which Debian's package has the symbols and no header: eigenvalues and eigenvectors of a
// symmetric matrix by divide and conquer. The last two are the lengths of the first two texts.
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, unsigned long, unsigned long);
