// Files that a test needs for a moment; see temporary.h.
#include "tests/support/temporary.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

void temporary_file(char path[TEMPORARY_BYTES], const char *text)
{
    FILE *file;
    int descriptor;

    snprintf(path, TEMPORARY_BYTES, "/tmp/ecai-test-XXXXXX"); // as mkstemp wants it
    descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    file = fdopen(descriptor, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}
