// The version, as the build says it.
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#ifndef ECAI_VERSION
#define ECAI_VERSION "0"
#endif

#endif
