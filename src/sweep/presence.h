// This process in a folder of locks: a file that says who it is (owner.h), touched every few
// seconds by a thread, and how long others have not touched theirs.
#ifndef SWEEP_PRESENCE_H
#define SWEEP_PRESENCE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/context.h"
#include "sweep/owner.h"

enum { SILENT_SECONDS = 60, DAY_SECONDS = 86400 };
#define PRESENCE_SUFFIX ".owner" // behind the 16 digits of its name

struct presence {
    struct owner self;
    char *folder, *own; // own: the file's path
    pthread_t toucher;
    bool has_toucher;
    pthread_mutex_t mutex; // over is_closing
    pthread_cond_t closing;
    bool is_closing;
};

// Makes the folder if need be. Close it in any case. ERR_IO: the folder cannot be written to.
MUST_CHECK enum status presence_open(struct context *context, const char *folder,
                                     struct presence *presence);
void presence_close(struct presence *presence);                          // removes the file
char *presence_path(const struct presence *presence, const char *owner); // of its file; heap

enum life { LIFE_GONE, LIFE_ON, LIFE_OVER }; // gone: there is no such file

// Whether the owner of a file, its own or a link to that, still works. patience: seconds of silence
// after which one on another machine counts as dead. text: what the file holds, heap; NULL: not
// asked for.
enum life presence_look(const struct presence *presence, const char *path, double patience,
                        char **text);

#endif
