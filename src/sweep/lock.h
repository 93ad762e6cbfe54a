// Claims on a folder that many processes on many machines work on, over any file system with atomic
// link(): no server, no flock, no clocks compared. A process signs in with a file of its own
// (host, boot, pid, start time) and touches it every few seconds; a claim is a file that names its
// owner. An owner is dead if its process is gone (same machine), or its file was not touched for
// a minute by the file system's own clock (another machine).
#ifndef SWEEP_LOCK_H
#define SWEEP_LOCK_H

#include <stdbool.h>

#include "base/context.h"

enum { LOCK_NAME_MAX = 100 };

struct locks; // this process's place in one folder of locks; safe to use from several threads

// Makes the folder if need be, signs in, starts the thread that touches, removes claims of the
// dead. ERR_IO: the folder cannot be written to.
MUST_CHECK enum status locks_open(struct context *context, const char *folder, struct locks **out);
void locks_close(struct locks *locks); // gives every claim back, signs out; NULL is fine

// *got: this caller has the claim now (another thread of ours may be who has it). name: letters,
// digits, '-' and '_'. What a dead owner had is taken over, by one alone. Whoever gets a claim
// looks whether the work was done meanwhile.
MUST_CHECK enum status lock_try(struct context *context, struct locks *locks, const char *name,
                                bool *got);
void lock_release(struct locks *locks, const char *name);

// 16 hex digits that name this process in this folder.
const char *locks_owner(const struct locks *locks);
// Whether whoever signed in under that name still works (we do). False: dead or signed out.
bool locks_owner_lives(struct locks *locks, const char *owner);

#endif
