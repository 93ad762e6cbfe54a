// Energy profiles: what a device spends on a multiply-accumulate and on memory, as read from a
// JSON file of share/devices/ (docs/devices.md). What a profile can say depends on its kind
// (energy/kinds.def): `primitive` sums the cost of operations and memory accesses (Horowitz 2014),
// `calibrated` has coefficients fitted to measurements of a board.
#ifndef ENERGY_DEVICE_H
#define ENERGY_DEVICE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"
#include "base/json.h"
#include "base/sha256.h"

enum device_kind_id {
#define KIND(id) DEVICE_KIND_##id,
#include "energy/kinds.def"
#undef KIND
    DEVICE_KIND_COUNT
};
// An error below is likelier a fraction than a percentage; nothing is known that well.
enum { ERROR_PERCENT_LEAST = 1 };
enum device_precision { PRECISION_F32, PRECISION_F16, PRECISION_I8, PRECISION_COUNT };

// What a zero weight saves. ZEROS_AFFINE: energy falls by (1 - floor) x the part of zeros.
// ZEROS_2_4: the same, of the half that is left, where every four weights along the reduction hold
// at most two that are not zero; nothing elsewhere.
enum zero_weights { ZEROS_COST, ZEROS_SKIP, ZEROS_AFFINE, ZEROS_2_4 };

// Joules, fitted: fixed + macs * mac + depthwise macs * depthwise_mac + weight bytes * weight_byte
// + (weight bytes + what layers read and write) * byte. mac is NaN if there is no such precision.
struct device_fit {
    double fixed, mac, depthwise_mac, weight_byte, byte;
};

struct device {
    struct arena *arena;
    struct json *json; // the whole profile, for showing it
    const char *name;  // with the overrides: "asic-45nm:memory.on_chip_bytes=1e6"
    const char *summary, *scope;
    const char *runtime;           // NULL: of hardware alone
    const char *boundary;          // "datapath", "chip", "board", "wall"; NULL: not told
    const char *validated_by;      // NULL: by nothing
    const char *unverified;        // figures that could not be checked at their source; NULL: none
    const char *error_basis;       // "held-out", "fit", "judged"; NULL: not told
    const char *changed;           // the overrides; NULL: none. Nothing validates it then
    char sha256[SHA256_HEX_BYTES]; // of the file, and of the overrides behind it
    enum device_kind_id kind;
    double batch; // inferences at a time, as whoever asks sets it; 1 as read
    // The truth is expected within joules / (1 + e/100) .. joules * (1 + e/100). NaN: not known.
    double error_percent, ratio_error_percent, mean_error_percent;
    enum zero_weights zero_weights;
    double zero_weights_floor; // of ZEROS_AFFINE and ZEROS_2_4
    // NaN where a profile does not tell, or where it does not apply.
    double flash_bytes, ram_bytes, node_nm, run_watts, idle_watts, pue;
    double peak_macs_per_second[PRECISION_COUNT];
    double on_chip_bytes; // weights of at most so many bytes are kept on chip; INFINITY: all are
    // DEVICE_KIND_primitive, joules. A multiply-accumulate of integers of w and a bits costs
    // product * (w * a / 64)^exponent + accumulate. NaN: no figure for it.
    double mac_f32, mac_f16, mac_bf16, mac_ternary;
    double integer_product, integer_exponent, integer_accumulate;
    double sram_32_bits, dram_32_bits; // of weights on chip, and of those that are not
    double buffer_32_bits;             // of activations
    // DRAM of one kind differs by so much, least and most over typical; 1 where only one is known.
    double dram_least, dram_most;
    unsigned weight_formats; // 1 << enum weight_format; a weight takes the smallest
    double index_bits;       // of a run of zeros
    // DEVICE_KIND_calibrated
    struct device_fit fit[PRECISION_COUNT];
    enum { COMBINE_SUM, COMBINE_MAX } combine; // of arithmetic and memory, layer by layer
    double off_chip_byte; // joules more for a weight byte of a network beyond on_chip_bytes
    void *own;            // what other kinds keep, from the arena
};

extern const char *const precision_name[PRECISION_COUNT]; // "float32", as in profiles

// Reads the profile `name`, or the file `name` if it holds a '/'. ":KEY=NUMBER,..." behind either
// changes numbers of it for a what-if: its errors are unknown then. ERR_USAGE for a name that no
// profile has (the message names the nearest) and for overrides that cannot be,
// ERR_FORMAT for a profile that is not as docs/devices.md says. Clear it in any case.
MUST_CHECK enum status device_read(struct context *context, const char *name,
                                   struct device *device);
void device_clear(struct device *device);

// Names of all profiles, sorted; `at` and the strings belong to the arena. Empty if no folder of
// profiles is found.
void device_names(struct arena *arena, struct strings *names);

#endif
