// Files that a test needs for a moment.
#ifndef TESTS_SUPPORT_TEMPORARY_H
#define TESTS_SUPPORT_TEMPORARY_H

enum { TEMPORARY_BYTES = 32 };

// Makes a file of that text under /tmp and tells its path; the test unlinks it.
void temporary_file(char path[TEMPORARY_BYTES], const char *text);

#endif
