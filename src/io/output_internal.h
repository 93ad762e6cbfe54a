// What single files and folders being written share.
#ifndef IO_OUTPUT_INTERNAL_H
#define IO_OUTPUT_INTERNAL_H

#include <sys/types.h>

#include "io/file.h"

// Where a path leads through links, without a trailing slash; the last part need not exist. On the
// heap. ERR_IO: too many links.
enum status output_resolve(struct context *context, const char *path, char **out);
char *output_folder_of(const char *path); // heap
// ".NAME.ecai-PID-N" beside path, a new one at each call. Heap.
char *output_beside(const char *path);
enum status output_check_beside(struct context *context, const char *path);
enum status output_write_fd(struct context *context, int fd, const void *bytes, size_t count);
void output_sync_folder(const char *path); // of the file at path; best effort
enum status output_fail(struct context *context, const char *what); // with errno

// Paths to remove if the program ends at once; the latest goes first.
void temporary_add(const char *path); // copied
void temporary_remove(const char *path);

#endif
