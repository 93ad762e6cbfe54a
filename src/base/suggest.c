// The nearest name to a misspelt one, by the number of letters to change, add, drop or swap
// (optimal string alignment: Damerau 1964).
#include "base/suggest.h"

#include <limits.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 40 };

static int smallest(int a, int b, int c)
{
    int least = a < b ? a : b;

    return least < c ? least : c;
}

static int distance_between(const char *a, const char *b)
{
    int row[3][NAME_MAX_LENGTH + 1];
    int length_a = (int)strlen(a), length_b = (int)strlen(b);

    if (length_a > NAME_MAX_LENGTH || length_b > NAME_MAX_LENGTH)
        return INT_MAX;
    for (int j = 0; j <= length_b; j++)
        row[0][j] = j;
    for (int i = 1; i <= length_a; i++) {
        int *now = row[i % 3], *before = row[(i + 2) % 3], *two_before = row[(i + 1) % 3];
        now[0] = i;
        for (int j = 1; j <= length_b; j++) {
            int change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = smallest(before[j] + 1, now[j - 1] + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_before[j - 2] + 1 < now[j])
                now[j] = two_before[j - 2] + 1;
        }
    }
    return row[length_a % 3][length_b];
}

void suggestion_init(struct suggestion *suggestion, const char *typed)
{
    suggestion->typed = typed;
    suggestion->nearest = NULL;
    suggestion->distance = (int)strlen(typed) / 3 + 2; // one more than the worst that is shown
}

void suggestion_offer(struct suggestion *suggestion, const char *name)
{
    size_t typed = strlen(suggestion->typed);
    int distance = distance_between(suggestion->typed, name);

    if (typed >= 3 && strncmp(suggestion->typed, name, typed) == 0)
        distance = 1; // an abbreviation
    if (distance < suggestion->distance) {
        suggestion->distance = distance;
        suggestion->nearest = name;
    }
}

void suggestion_add(const struct suggestion *suggestion, const char *prefix, struct text *text)
{
    if (suggestion->nearest)
        text_format(text, " (did you mean '%s%s'?)", prefix, suggestion->nearest);
}
