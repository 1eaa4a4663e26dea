# Fuzz targets: tests/fuzz/NAME.c with its corpus in tests/fuzz/corpus/NAME. `make fuzz` builds each with clang's fuzzer and runs
# it for FUZZ_SECONDS; with tests/fuzz/replay.c instead of the fuzzer it is a unit test that replays the corpus.
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= agent_command agent_stream csv image local_upgrade multipart policy_json range report version version_pair
FUZZ_LIBRARIES_agent_command = agent_core
FUZZ_INCLUDES_agent_command = $(AGENT_HOST)
FUZZ_LINK_agent_command = -ljansson -lbearssl
FUZZ_LIBRARIES_agent_stream = agent_host agent_core
FUZZ_INCLUDES_agent_stream = $(AGENT_HOST) -Iagent-firmware/port/host
FUZZ_LINK_agent_stream = -lmosquitto -lcurl -lbearssl -lpthread
FUZZ_LIBRARIES_local_upgrade = agent_local agent_host agent_core
FUZZ_INCLUDES_local_upgrade = $(FUZZ_INCLUDES_agent_stream)
FUZZ_LINK_local_upgrade = $(FUZZ_LINK_agent_stream)
FUZZ_LIBRARIES_csv = ctl wire crypto core base
FUZZ_LIBRARIES_image = core base
FUZZ_LIBRARIES_multipart = http base
FUZZ_LIBRARIES_policy_json = wire core base
FUZZ_LIBRARIES_range = http base
FUZZ_LIBRARIES_report = wire core base
FUZZ_LIBRARIES_version = core base
FUZZ_LIBRARIES_version_pair = core base agent_core
FUZZ_INCLUDES_version_pair = $(call includes,core base) $(AGENT_HOST)
FUZZ_LINK_version_pair = -lbearssl
$(foreach name,csv policy_json report,$(eval FUZZ_LINK_$(name) = -ljansson -lm))

$(BUILD)/obj/tests/fuzz/%.o: tests/fuzz/%.c Makefile tests/make/fuzz.mk
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_HOST) -c $< -o $@
define fuzz_rules
$(BUILD)/tests/fuzz/$(1): tests/fuzz/$(1).c $(BUILD)/obj/tests/fuzz/replay.o $(call library,$(FUZZ_LIBRARIES_$(1))) Makefile tests/make/fuzz.mk
	@mkdir -p $$(@D)
	$$(call say,TEST)$$(CC) $$(CFLAGS_HOST) $(2) -o $$@ $$(filter %.c %.o,$$^) $$(filter %.a,$$^) -lcmocka $(FUZZ_LINK_$(1))
$(BUILD)/fuzzers/$(1): tests/fuzz/$(1).c $(call library,$(FUZZ_LIBRARIES_$(1))) Makefile tests/make/fuzz.mk
	@mkdir -p $$(@D)
	$$(call say,FUZZ)$$(CC) $$(CFLAGS_HOST) -fsanitize=fuzzer $(2) -o $$@ $$(filter %.c %.a,$$^) $(FUZZ_LINK_$(1))
endef
fuzz_includes = $(or $(FUZZ_INCLUDES_$(1)),$(call includes,$(FUZZ_LIBRARIES_$(1))))
$(foreach name,$(FUZZ_TARGETS),$(eval $(call fuzz_rules,$(name),$(call fuzz_includes,$(name)))))
FUZZ_REPLAYS = $(addprefix $(BUILD)/tests/fuzz/,$(FUZZ_TARGETS))
UNIT_TESTS += $(FUZZ_REPLAYS)
tests unit: $(FUZZ_REPLAYS)

.PHONY: fuzz fuzzers
fuzzers: $(addprefix $(BUILD)/fuzzers/,$(FUZZ_TARGETS))
FUZZ_SANITIZERS = -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz:
	@sh deploy/deps.sh fuzz
	@+$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang OPTIMIZE='-O1 -g' SANITIZE='$(FUZZ_SANITIZERS)' fuzzers
	@tests/fuzz/run.sh $(BUILD)/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)
