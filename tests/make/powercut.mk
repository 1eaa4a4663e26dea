# Power cuts at every flash operation of a device's life, bad flash and bad reads (tests/powercut). The first cut of each life, the bad flash,
# every seventh read, and that what is broken on purpose is caught, are part of `make check`; the second cut, nested in what the first one left,
# and every read are `make powercut`.
POWERCUT = $(BUILD)/tests/powercut
POWERCUT_C = $(addprefix tests/powercut/,world.c images.c nor.c device.c codes.c)
POWERCUT_H = $(addprefix tests/powercut/,world.h images.h nor.h device.h)
POWERCUT_LIBS = $(call library,agent_host agent_core)
powercut_link = mkdir -p $(@D) && $(CC) $(CFLAGS_HOST) $(AGENT_HOST) -Iagent-firmware/port/host -o $@ $(filter %.c %.o,$^) $(POWERCUT_LIBS) \
    -lmosquitto -lcurl -lbearssl -lpthread
$(POWERCUT)/powercut: tests/powercut/main.c $(POWERCUT_C) $(POWERCUT_H) $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
$(POWERCUT)/bad_flash: tests/powercut/bad_flash.c $(POWERCUT_C) $(POWERCUT_H) $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
$(POWERCUT)/bad_reads: tests/powercut/bad_reads.c $(POWERCUT_C) $(POWERCUT_H) $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
# What must not be: a copy of the record that was refused is taken for one that is not there.
$(POWERCUT)/choose_by_guess.c: agent-firmware/core/boot_choose.c
	@mkdir -p $(@D)
	@sed 's/found = BOOT_UNREADABLE;/found = BOOT_ABSENT;/' $< > $@ && ! cmp -s $< $@
$(POWERCUT)/by_guess: tests/powercut/bad_reads.c $(POWERCUT_C) $(POWERCUT)/choose_by_guess.c $(POWERCUT_H) $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
# The boot record as it must not be: every copy with the same sequence.
$(POWERCUT)/journal_without_sequence.c: agent-firmware/core/boot_journal.c
	@mkdir -p $(@D)
	@sed '/record\.sequence++;/d' $< > $@ && ! cmp -s $< $@
$(POWERCUT)/without_sequence: tests/powercut/main.c $(POWERCUT_C) $(POWERCUT)/journal_without_sequence.c $(POWERCUT_H) $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
# A download without its seal: what nobody signed can be booted.
$(POWERCUT)/download_without_seal.c: agent-firmware/core/download.c
	@mkdir -p $(@D)
	@sed '/|= SEAL;/s/|= SEAL/|= 0/' $< > $@ && ! cmp -s $< $@
$(POWERCUT)/without_seal: tests/powercut/main.c $(POWERCUT_C) $(POWERCUT)/download_without_seal.c $(POWERCUT_H) $(POWERCUT_LIBS)
	$(call say,TEST)$(powercut_link)
POWERCUT_PROGRAMS = $(addprefix $(POWERCUT)/,powercut bad_flash bad_reads without_sequence by_guess without_seal)
tests: $(POWERCUT_PROGRAMS)
.PHONY: powercut
powercut: $(POWERCUT_PROGRAMS)
	@BUILD=$(BUILD) tests/powercut/powercut.sh 2
