#include <lmdb.h>

// Declared by glibc under _GNU_SOURCE only, which Swift's importer does not set. Flag 2 is RENAME_EXCHANGE.
int renameat2(int old_folder, const char *old_path, int new_folder, const char *new_path, unsigned int flags);
