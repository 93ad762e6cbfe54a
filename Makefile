# ecai: `make` builds build/release/ecai; `make help` lists the rest.
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
CONFIG  ?= release
SECONDS ?= 600
CFLAGS  ?= -g
# The page of `ecai report` draws with it; Debian's libjs-chart.js.
CHART_JS ?= /usr/share/javascript/chart.js/chart.min.js
VERSION := 0.1.0

# As many jobs as processors, unless the user says how many.
ifeq ($(MAKELEVEL)$(findstring j,$(filter-out --%,$(MAKEFLAGS))),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 1)
endif
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.SECONDARY:

BUILD := build/$(CONFIG)
ARCH  := $(shell uname -m)
CLANG := $(findstring clang,$(shell $(CC) --version 2>/dev/null))
WARN  := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
         -Wmissing-prototypes -Wvla -Wformat=2 $(if $(CLANG),,-Wno-format-truncation)
SANITIZE      := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# gcc vectorises at -O2 only where it costs no size; clang always does where it pays.
FLAGS_release := -O2 $(if $(CLANG),,-fvect-cost-model=dynamic)
FLAGS_debug   := -O0
FLAGS_asan    := -O1 $(SANITIZE)
FLAGS_fuzz    := -O1 $(SANITIZE) -fsanitize=fuzzer-no-link
# -ffp-contract=off: the same sums whatever the compiler could fuse. -fno-math-errno: nobody reads
# errno after sqrt.
ALL_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -DECAI_VERSION='"$(VERSION)"' -I. -Isrc $(WARN) \
             $(WERROR) -ffp-contract=off -fno-math-errno $(FLAGS_$(CONFIG)) $(CFLAGS) -pthread
LDLIBS := -lopenblas -lcjson -lpng -ljpeg -lz -lm -pthread

# Kernels in *_n16.c are compiled once for each instruction set, and may fuse: what a kernel
# computes is fixed by the instruction set alone.
ISAS_x86_64 := generic avx2 avx512 avx512_vnni
ISAS        := $(or $(ISAS_$(ARCH)),generic)
ISA_generic :=
ISA_avx2    := -mavx2 -mfma
ISA_avx512  := -mprfchw -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mprefer-vector-width=512
# AMX is only used where asked for: compilers never make it up.
ISA_avx512_vnni := $(ISA_avx512) -mavx512vnni -mamx-tile -mamx-int8

SOURCES := $(wildcard src/*/*.c)
PLAIN   := $(filter-out %_n16.c,$(SOURCES))
VECTOR  := $(filter %_n16.c,$(SOURCES))
LIB     := $(PLAIN:%.c=$(BUILD)/%.o) $(foreach isa,$(ISAS),$(VECTOR:%.c=$(BUILD)/%.$(isa).o))
CLI     := $(patsubst %.c,$(BUILD)/%.o,$(wildcard cli/*.c))
TESTS   := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/*.c tests/support/*.c))
FUZZ    := $(filter-out replay,$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
REPLAYS := $(FUZZ:%=$(BUILD)/replay/%)

.PHONY: all test asan check conformance exports prove-channels mutants demo interop page bench guard \
        bench-peers install uninstall format docs fuzz fuzz-run replay update-expected suite clean help FORCE
all: $(BUILD)/ecai ## build the program (CONFIG=release, debug or asan)

COMPILE = $(if $(V),,@echo "CC $@";) mkdir -p $(@D) && $(CC) $(ALL_CFLAGS) -MMD -MP
LINK    = $(if $(V),,@echo "LD $@";) mkdir -p $(@D) && $(CC) $(ALL_CFLAGS)

# Changes only when the flags do, so that other flags never mix with old objects.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); echo '$(subst ','\'',$(CC) $(ALL_CFLAGS))' | cmp -s - $@ || \
	    echo '$(subst ','\'',$(CC) $(ALL_CFLAGS))' >$@

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(COMPILE) -c $< -o $@

define isa_rule
$$(BUILD)/%.$(1).o: %.c $$(BUILD)/flags
	$$(COMPILE) $$(if $$(filter release,$$(CONFIG)),-O3) -ffp-contract=fast -DISA=$(1) $$(ISA_$(1)) \
	    -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))
$(BUILD)/src/codegen/c_templates.o: $(wildcard src/codegen/c/*.c) # taken in by .incbin

$(BUILD)/cli/report_page.o: $(wildcard share/report/*) $(CHART_JS)
$(BUILD)/cli/report_page.o: private ALL_CFLAGS += -DECAI_CHART_JS='"$(CHART_JS)"'
$(CHART_JS):
	@echo "$@ is missing: install Debian's libjs-chart.js, or say where it is: CHART_JS=FILE" >&2
	@exit 1

$(BUILD)/libecai.a: $(LIB)
	@ar rcs $@.$$$$ $^ && mv $@.$$$$ $@

$(BUILD)/ecai: $(CLI) $(BUILD)/libecai.a
	$(LINK) $^ -o $@ $(LDLIBS)

$(BUILD)/run-tests: $(TESTS) $(filter-out $(BUILD)/cli/main.o,$(CLI)) $(BUILD)/libecai.a
	$(LINK) $^ -o $@ $$(pkg-config --libs check) $(LDLIBS)

$(BUILD)/conformance: $(BUILD)/tests/conformance/conformance.o $(BUILD)/libecai.a
	$(LINK) $^ -o $@ $(LDLIBS)

$(BUILD)/prove-channels: $(BUILD)/tests/channels/prove.o $(BUILD)/libecai.a
	$(LINK) $^ -o $@ $(LDLIBS)

$(BUILD)/mutate: $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/mutate/*.c)) $(BUILD)/libecai.a
	$(LINK) $^ -o $@ $(LDLIBS)

$(BUILD)/replay/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(BUILD)/libecai.a
	$(LINK) $^ -o $@ $(LDLIBS)

$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libecai.a
	$(LINK) -fsanitize=fuzzer $^ -o $@ $(LDLIBS)

suite: $(BUILD)/run-tests $(BUILD)/ecai $(REPLAYS) # all that the tests need

test: $(BUILD)/run-tests $(BUILD)/ecai ## run the suite; CK_RUN_SUITE=ops picks one
	$(BUILD)/run-tests

# Forked, LeakSanitizer would report Check's own memory (libcheck#358).
asan: ## run the suite and the fuzz corpus under AddressSanitizer and UBSan
	@$(MAKE) CONFIG=asan suite
	@$(MAKE) CONFIG=asan replay
	CK_FORK=no ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
	    build/asan/run-tests

replay: $(REPLAYS) ## run every reader over its fuzz corpus
	@for name in $(FUZZ); do $(BUILD)/replay/$$name tests/fuzz/corpus/$$name || exit 1; done

# The plain suite comes last, so that Check's summary is what remains on the screen.
check: ## install what is missing, build, run every test
	@tools/setup check
	@$(MAKE) suite
	@tools/check-layers && tools/check-headers && tools/check-docs
	@$(MAKE) asan
	@tests/cli/run
	@$(MAKE) test

conformance: $(BUILD)/conformance ## ONNX's own suite, where Debian's libonnx-testdata is installed
	@tools/conformance $(BUILD)/conformance

mutants: $(BUILD)/mutate ## models that are wrong in structure; with sanitisers, too: COUNT=1000
	tools/mutate $(BUILD)/mutate $(or $(COUNT),1000)
	@$(MAKE) CONFIG=asan build/asan/mutate
	tools/mutate build/asan/mutate $(or $(COUNT),1000)

.PHONY: sweep-kills sweep-folder sweep-slurm
sweep-kills: all ## kill -9 a running sweep COUNT=50 times: nothing finished is lost
	tests/sweep/kills $(BUILD)/ecai $(or $(COUNT),50)

sweep-folder: all ## several processes on a folder, a full disk, trials that crash or hang
	tests/sweep/folder $(BUILD)/ecai

sweep-slurm: all ## a Slurm array works one sweep, where Debian's slurm-wlm is installed
	tests/sweep/slurm $(BUILD)/ecai

prove-channels: $(BUILD)/prove-channels ## cut zeroed channels out of whole models: the same bits
	@tools/prove-channels $(BUILD)/prove-channels

exports: all $(BUILD)/prove-channels ## models as PyTorch and scikit-learn export them (GBs from PyPI)
	tools/exports/run $(BUILD)/ecai $(BUILD)/prove-channels

demo: ## install what is missing, build, run the main job on Fashion-MNIST
	@tools/setup
	@$(MAKE) all
	@tools/demo

interop: all ## compare with onnxruntime and onnx, in a virtual environment under build/
	tools/interop $(BUILD)/ecai

page: all ## make reports and open them in headless Chromium, with axe-core: SHOTS=folder
	tools/check-page $(BUILD)/ecai $(SHOTS)

bench: all ## compare this build with another one: BASE=path/to/ecai
	bench/compare $(BUILD)/ecai $(BASE)

guard: all ## fail where a kernel has become slower, by its fraction of the core's peak
	bench/guard $(BUILD)/ecai

bench-peers: all ## measure beside ONNX Runtime (from PyPI) and PyTorch (PEERS="resnet20 --rounds 3")
	bench/peers $(BUILD)/ecai $(PEERS)

fuzz: ## build the libFuzzer targets, with clang
	@$(MAKE) CC=clang CONFIG=fuzz fuzz-targets
.PHONY: fuzz-targets
fuzz-targets: $(FUZZ:%=$(BUILD)/fuzz/%)

fuzz-run: fuzz ## fuzz each reader for SECONDS=600; FUZZ=name picks one
	@for name in $(FUZZ); do mkdir -p build/fuzz/corpus/$$name; \
	    build/fuzz/fuzz/$$name -max_total_time=$(SECONDS) -max_len=65536 -timeout=25 \
	    -rss_limit_mb=4096 -print_final_stats=1 -artifact_prefix=build/fuzz/$$name- \
	    build/fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; done

update-expected: all ## rewrite tests/cli/*.expected; review the difference
	tests/cli/run --update

docs: all ## rewrite docs/ops.md
	tools/make-ops $(BUILD)/ecai >docs/ops.md

format: ## clang-format over all sources
	clang-format -i $$(find src cli tests -name '*.[ch]' -not -path 'src/codegen/c/*')

SHARE = $(DESTDIR)$(PREFIX)/share
install: all ## put program, profiles, man page and completion under PREFIX (and DESTDIR)
	install -D -m 755 $(BUILD)/ecai $(DESTDIR)$(PREFIX)/bin/ecai
	install -d $(SHARE)/ecai/devices $(SHARE)/ecai/energy $(SHARE)/man/man1 $(SHARE)/bash-completion/completions \
	    $(SHARE)/doc/ecai
	install -m 644 share/devices/*.json $(SHARE)/ecai/devices
	install -m 644 testdata/energy/*.csv testdata/energy/README.md $(SHARE)/ecai/energy
	install -m 644 README.md CHANGELOG.md LICENSE docs/*.md $(SHARE)/doc/ecai
	$(BUILD)/ecai internal man >$(SHARE)/man/man1/ecai.1
	$(BUILD)/ecai internal completion >$(SHARE)/bash-completion/completions/ecai

uninstall: ## take it away again
	rm -f $(DESTDIR)$(PREFIX)/bin/ecai $(SHARE)/man/man1/ecai.1 \
	    $(SHARE)/bash-completion/completions/ecai
	rm -rf $(SHARE)/ecai $(SHARE)/doc/ecai

clean: ## remove build/
	rm -rf build

help: ## print this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
