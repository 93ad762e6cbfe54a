// The nearest name to a misspelt one.
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include "base/text.h"

// Looks for the best among the names offered so far; at most a third of the letters may differ.
struct suggestion {
    const char *typed, *nearest; // nearest NULL: nothing comes close
    int distance;
};

void suggestion_init(struct suggestion *suggestion, const char *typed);
void suggestion_offer(struct suggestion *suggestion, const char *name); // name is borrowed
// Adds " (did you mean 'PREFIXname'?)", or nothing.
void suggestion_add(const struct suggestion *suggestion, const char *prefix, struct text *text);

#endif
