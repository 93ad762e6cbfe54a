// The folder of a sweep: its spec, the cache of steps by content, the trials' records. Everything
// in it is complete or not there, whoever is killed; several processes work on one folder, and
// several sweeps may share one cache.
#ifndef SWEEP_STORE_H
#define SWEEP_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/text.h"

struct store;

// Makes the folder, or takes up one that was made with the same spec (its canonical text, which is
// kept as FOLDER/spec.json). cache NULL: FOLDER/cache. ERR_USAGE naming the first difference for
// another spec, or where a folder holds things that no sweep made; ERR_IO if it cannot be written.
MUST_CHECK enum status store_open(struct context *context, const char *folder, const char *cache,
                                  const char *spec, struct store **out);
void store_close(struct store *store); // NULL is fine

// All below may be called from several threads, each with a context of its own.

// Whether the cache has the key (hexadecimal), and the folder where its files lie.
bool store_cache_find(struct store *store, struct arena *arena, const char *key, const char **path);
// A new folder to work in. It becomes the entry of the key (losing the race to another process is
// fine: the content is the same) or is removed; what a dead process leaves is swept up later.
MUST_CHECK enum status store_cache_begin(struct context *context, struct store *store,
                                         struct arena *arena, const char *key, const char **folder);
MUST_CHECK enum status store_cache_commit(struct context *context, struct store *store,
                                          const char *key, const char *folder);
void store_cache_discard(struct store *store, const char *folder);

// A claim says that this process works on a name ("trials/ID", "cache/KEY"): nobody else gets it
// until it is released, or its owner is dead. It is kept alive by the store.
MUST_CHECK enum status store_claim(struct context *context, struct store *store, const char *name,
                                   bool *is_ours);
void store_release(struct store *store, const char *name);
void store_release_all(struct store *store); // when interrupted

// Files of the folder by name ("trials/ID.json"): written whole or not at all.
MUST_CHECK enum status store_write(struct context *context, struct store *store, const char *name,
                                   const void *bytes, size_t count);
// *exists false and no text where there is none.
MUST_CHECK enum status store_read(struct context *context, struct store *store, const char *name,
                                  struct text *out, bool *exists);
MUST_CHECK enum status store_remove(struct context *context, struct store *store, const char *name);

#endif
