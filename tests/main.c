// Runs all suites. CK_RUN_SUITE=ops picks one, CK_FORK=no stays in one process (sanitizers).
#include <check.h>
#include <stdlib.h>

#define SUITE(name) Suite *name##_suite(void);
#include "tests/suites.def"
#undef SUITE

int main(void)
{
    SRunner *runner = srunner_create(NULL);
    int failed;

    // Check's own four seconds are too few on a busy machine and under the sanitizers.
    setenv("CK_DEFAULT_TIMEOUT", "60", 0);
#define SUITE(name) srunner_add_suite(runner, name##_suite());
#include "tests/suites.def"
#undef SUITE
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
