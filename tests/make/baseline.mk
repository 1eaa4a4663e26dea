# The agent and boot loader as devices in the field have them: tests/baseline/agent-firmware.tar.xz is `git archive` of agent-firmware/ at 5e623cc,
# before results said their nonces, hello what the device can, and sessions. It is never changed. `make baseline` builds fota-agent and fleetsim of it.
BASELINE = $(BUILD)/baseline
BASELINE_ARCHIVE = tests/baseline/agent-firmware.tar.xz
BASELINE_C := $(filter %.c,$(shell tar -tf $(BASELINE_ARCHIVE) 2> /dev/null))
# baseline_objects FOLDER...: those of the files that stand in it
baseline_objects = $(foreach folder,$(1),$(patsubst %.c,$(BASELINE)/obj/%.o,$(foreach file,$(BASELINE_C),\
    $(if $(filter agent-firmware/$(folder)/,$(dir $(file))),$(file)))))
BASELINE_INCLUDES = $(patsubst -I%,-I$(BASELINE)/%,$(AGENT_INCLUDES) -Iagent-firmware/local -Iagent-firmware/port/host) -DFOTA_LOCAL_UPGRADE=1
BASELINE_CFLAGS = $(filter-out $(WARNINGS) -MMD -MP,$(CFLAGS_HOST)) $(BASELINE_INCLUDES)

$(BASELINE)/unpacked: $(BASELINE_ARCHIVE)
	@rm -rf $(BASELINE)
	@mkdir -p $(BASELINE)
	$(call say,TAR)tar -xf $< -C $(BASELINE) && touch $@
$(BASELINE)/obj/%.o: $(BASELINE)/unpacked Makefile tests/make/baseline.mk
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(BASELINE_CFLAGS) -c $(BASELINE)/$*.c -o $@
$(BUILD)/baseline/fota-agent: $(call baseline_objects,core boot local port/host port/posix)
	$(call say,LINK)$(CC) $(COMMON) -o $@ $^ -lmosquitto -lcurl -lbearssl -lpthread
$(BUILD)/baseline/fleetsim: $(call baseline_objects,core boot port/host port/fleet)
	$(call say,LINK)$(CC) $(COMMON) -o $@ $^ -lmosquitto -lcurl -lbearssl -lpthread
.PHONY: baseline
baseline: $(BASELINE)/fota-agent $(BASELINE)/fleetsim
tests: baseline

# Both codes in one program: of the baseline's only `baseline_code` can be seen.
$(BASELINE)/device.o: tests/powercut/device.c $(POWERCUT_H) $(BASELINE)/unpacked
	$(call say,CC)$(CC) $(BASELINE_CFLAGS) -DDEVICE_KNOWS_NONCES=false -DDEVICE_KNOWS_RETRIALS=false -DDEVICE_HAS_NO_RANDOM -Ddevice_code=baseline_code -c $< -o $@
$(BASELINE)/code.o: $(BASELINE)/device.o $(call baseline_objects,core boot)
	$(call say,LINK)$(CC) -nostdlib -r -o $@ $^ && objcopy --keep-global-symbol=baseline_code $@
# What must not be: a record of another format, which this version writes and reads like this one and the baseline takes for none.
$(POWERCUT)/other_format_%.c: agent-firmware/core/boot_%.c tests/make/baseline.mk
	@mkdir -p $(@D)
	@sed 's/format == BOOT_FORMAT ||/& record->format == BOOT_FORMAT + 1 ||/; s/format = BOOT_FORMAT;/format = BOOT_FORMAT + 1;/' $< > $@ && ! cmp -s $< $@
BASELINE_POWERCUT = tests/powercut/main.c tests/powercut/baseline.c $(filter-out %/codes.c,$(POWERCUT_C))
$(POWERCUT)/baseline: $(BASELINE_POWERCUT) $(POWERCUT_H) $(BASELINE)/code.o $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
$(POWERCUT)/other_format: $(BASELINE_POWERCUT) $(POWERCUT)/other_format_journal.c $(POWERCUT)/other_format_choose.c $(POWERCUT_H) $(BASELINE)/code.o \
    $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
POWERCUT_PROGRAMS += $(addprefix $(POWERCUT)/,baseline other_format)
tests: $(POWERCUT_PROGRAMS)
