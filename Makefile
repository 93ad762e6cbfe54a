# ecai: make builds build/release/ecai; make help lists the rest.
CC      ?= gcc
PREFIX  ?= /usr/local
CONFIG  ?= release
VERSION := 0.1.0

BUILD  := build/$(CONFIG)
ARCH   := $(shell $(CC) -dumpmachine | cut -d- -f1)
WARN   := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
          -Wmissing-prototypes -Wvla -Wformat=2
ifeq ($(shell $(CC) --version | grep -c clang),0)
WARN   += -Wno-format-truncation
endif
FLAGS_release := -O2
FLAGS_debug   := -O0
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# -ffp-contract=off: the same sums whatever the compiler fuses; kernels choose for themselves.
CFLAGS ?= -g
ALL_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -DECAI_VERSION='"$(VERSION)"' -I. -Isrc $(WARN) $(WERROR) \
             -ffp-contract=off $(FLAGS_$(CONFIG)) $(CFLAGS) -pthread -MMD -MP
LDLIBS := -lopenblas -lcjson -lz -lm -pthread

# Kernels in *_n16.c are compiled once for each instruction set.
ISAS_x86_64 := generic avx2 avx512
ISAS        := $(or $(ISAS_$(ARCH)),generic)
ISA_generic :=
ISA_avx2    := -mavx2 -mfma
ISA_avx512  := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512

SOURCES    := $(wildcard src/*/*.c)
PLAIN      := $(filter-out %_n16.c,$(SOURCES))
VECTOR     := $(filter %_n16.c,$(SOURCES))
LIB_OBJECTS := $(PLAIN:%.c=$(BUILD)/%.o) $(foreach isa,$(ISAS),$(VECTOR:%.c=$(BUILD)/%.$(isa).o))
CLI_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
TEST_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/*.c tests/support/*.c))
FUZZ_NAMES  := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))

.PHONY: all test check demo asan fuzz-run bench format install clean help interop docs update-expected
all: $(BUILD)/ecai

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

define isa_rule
$$(BUILD)/%.$(1).o: %.c
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(if $$(filter release,$$(CONFIG)),-O3) -ffp-contract=fast -DISA=$(1) $$(ISA_$(1)) -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))

$(BUILD)/libecai.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/ecai: $(CLI_OBJECTS) $(BUILD)/libecai.a
	$(CC) $(ALL_CFLAGS) $^ -o $@ $(LDLIBS)

$(BUILD)/tests: $(TEST_OBJECTS) $(filter-out $(BUILD)/cli/main.o,$(CLI_OBJECTS)) $(BUILD)/libecai.a
	$(CC) $(ALL_CFLAGS) $^ -o $@ $$(pkg-config --libs check) $(LDLIBS)

test: $(BUILD)/tests $(BUILD)/ecai ## the suite, this configuration
	$(BUILD)/tests

-include $(shell find build -name '*.d' 2>/dev/null)
