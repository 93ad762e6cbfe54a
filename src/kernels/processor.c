// What this processor is called.
#include <string.h>

#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

void processor_name(char name[PROCESSOR_NAME_BYTES])
{
    unsigned part[4];

    memset(name, 0, PROCESSOR_NAME_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        if (!__get_cpuid(0x80000002U + i, &part[0], &part[1], &part[2], &part[3]))
            memcpy(part, "unknown x86-64", 15);
        memcpy(name + 16 * i, part, sizeof part);
    }
    for (char *c = name; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = ' ';
}
#else
void processor_name(char name[PROCESSOR_NAME_BYTES])
{
    memset(name, 0, PROCESSOR_NAME_BYTES);
    memcpy(name, "unknown", 7);
}
#endif
