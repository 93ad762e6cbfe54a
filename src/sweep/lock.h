// Claims on a folder that many processes on many machines work on, over any file system with hard
// links: no server, no flock, no two clocks compared. A process signs in with a file of its own
// that names it (owner.h), and touches it every few seconds. A claim on NAME is that same file
// under the name NAME.N too, by link(), which exactly one can do; its time is the time of its
// owner's last touch. An owner is dead if its process is gone (this machine), or if it has touched
// nothing for a minute by the file system's own clock (another machine). Then NAME.N+1 is the
// claim, which again exactly one can make: nothing is ever removed that may be in use.
#ifndef SWEEP_LOCK_H
#define SWEEP_LOCK_H

#include <stdbool.h>

#include "base/context.h"

struct locks; // this process's place in one folder of locks; safe to use from several threads

// Makes the folder if need be, signs in, starts the thread that touches, removes what the dead have
// left. ERR_IO: the folder cannot be written to, or has no hard links.
MUST_CHECK enum status locks_open(struct context *context, const char *folder, struct locks **out);
void locks_close(struct locks *locks); // gives every claim back, signs out; NULL is fine

// *got: this caller has the claim now (another thread of ours may be who has it). What a dead owner
// had is taken over. Whoever gets a claim must look whether the work was done meanwhile. name: no
// '/', no leading '.'.
MUST_CHECK enum status locks_claim(struct context *context, struct locks *locks, const char *name,
                                   bool *got);
void locks_release(struct locks *locks, const char *name);
void locks_release_all(struct locks *locks);

// 16 hex digits that name this process in this folder.
const char *locks_owner(const struct locks *locks);
// Whether whoever signed in under that name may still work. False: signed out, gone from this
// machine, or silent for a day.
bool locks_owner_lives(struct locks *locks, const char *owner);

#endif
