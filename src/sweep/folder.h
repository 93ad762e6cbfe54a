// What the store and its locks do to folders.
#ifndef SWEEP_FOLDER_H
#define SWEEP_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/context.h"

char *copy_text(const char *text);                       // heap
char *folder_path(const char *folder, const char *name); // FOLDER/NAME; heap

// Makes it unless it is there. ERR_IO naming it.
MUST_CHECK enum status folder_make(struct context *context, const char *path);
// With all that is in it, or a file; what cannot be removed stays.
void folder_remove(const char *path);
// To the disk: the files directly in it, then the folder itself.
MUST_CHECK enum status folder_sync(struct context *context, const char *path);
// Names made or changed in it, as far as the file system can; no failure.
void folder_sync_names(const char *path);
bool folder_is_empty(const char *path); // or not there

// Calls visit for each name but "." and ".."; until it returns false. Returns how many calls there
// were; 0 too if the folder cannot be read.
long folder_each(const char *path, bool (*visit)(void *self, const char *name), void *self);

// A whole file as text, NULL: none, or not readable. Heap, ends in NUL.
char *folder_read(const char *path);

#endif
