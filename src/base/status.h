// The result of everything that can fail: few codes, told apart by what a caller can do about them.
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum status {
    OK,
    ERR_USAGE,       // the caller asked for something that makes no sense
    ERR_IO,          // the operating system refused: file missing, disk full
    ERR_FORMAT,      // a file's bytes are not what its format says
    ERR_UNSUPPORTED, // valid, but ecai cannot do it
    ERR_SHAPE,       // tensors do not fit together
    ERR_NUMERIC,     // NaN, infinite, out of range
    ERR_MEMORY,
    ERR_CANCELLED, // the user interrupted
    ERR_INTERNAL,  // our bug, found by a verifier
};

#define MUST_CHECK __attribute__((warn_unused_result))

// Forwards a failure to the caller.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum status try_status_ = (call);                                                          \
        if (try_status_ != OK)                                                                     \
            return try_status_;                                                                    \
    } while (0)

#endif
