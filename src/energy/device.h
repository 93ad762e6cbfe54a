// Energy profiles: what a device spends on a multiply-accumulate and on memory, as read from a
// JSON file of share/devices/. Two kinds: `primitive` sums the cost of operations and memory
// accesses (Horowitz 2014), `calibrated` has coefficients fitted to measurements of a board.
#ifndef ENERGY_DEVICE_H
#define ENERGY_DEVICE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"
#include "base/json.h"
#include "base/sha256.h"

enum device_kind { DEVICE_PRIMITIVE, DEVICE_CALIBRATED };
enum device_precision { PRECISION_F32, PRECISION_F16, PRECISION_I8, PRECISION_COUNT };

// Joules, fitted: fixed + macs * mac + depthwise macs * depthwise_mac + weight bytes * weight_byte
// + (weight bytes + what layers read and write) * byte. fixed is NaN if there is no such precision.
struct device_fit {
    double fixed, mac, depthwise_mac, weight_byte, byte;
};

struct device {
    struct arena *arena;
    struct json *json;                            // the whole profile, for showing it
    const char *name, *summary, *scope, *runtime; // runtime NULL: of hardware alone
    const char *validated_by;                     // NULL: by nothing
    const char *unverified;        // figures that could not be checked at their source; NULL: none
    char sha256[SHA256_HEX_BYTES]; // of the file
    enum device_kind kind;
    // The truth is expected within joules / (1 + e/100) .. joules * (1 + e/100). NaN: not known.
    double error_percent, ratio_error_percent;
    bool skips_zero_weights;
    double flash_bytes, ram_bytes; // NaN: does not apply
    // DEVICE_PRIMITIVE, joules. A multiply-accumulate of integers of w and a bits costs
    // product * (w * a / 64)^exponent + accumulate. NaN: no figure for it.
    double mac_f32, mac_f16, mac_bf16, mac_ternary;
    double integer_product, integer_exponent, integer_accumulate;
    double sram_32_bits, dram_32_bits;
    double on_chip_bytes; // weights of at most so many bytes are kept in SRAM; INFINITY: all are
    // DEVICE_CALIBRATED
    struct device_fit fit[PRECISION_COUNT];
};

extern const char *const precision_name[PRECISION_COUNT]; // "float32", as in profiles

// Reads the profile `name`, or the file `name` if it holds a '/'. ERR_USAGE for a name that no
// profile has (the message lists those that exist), ERR_FORMAT for a profile that is not as
// docs/energy.md says. Clear it in any case.
MUST_CHECK enum status device_read(struct context *context, const char *name,
                                   struct device *device);
void device_clear(struct device *device);

// Names of all profiles, sorted; `at` and the strings belong to the arena. Empty if no folder of
// profiles is found.
void device_names(struct arena *arena, struct strings *names);

#endif
