# The chip's own core (lx106): boot loader, agent and crypto cross-compiled, the stand-in for the mask ROM, firmware for both slots,
# and lx106-device, which runs them under QEMU. `make lx106` prints and holds their sizes.
LX106 = $(BUILD)/lx106
LX106_CC = xtensa-lx106-elf-gcc
LX106_FLAGS = -Os -g -mlongcalls -mtext-section-literals -mno-target-align -ffreestanding -fno-builtin -ffunction-sections -fdata-sections \
    -fno-common -fno-tree-loop-distribute-patterns -fstack-usage $(WARNINGS) -MMD -MP -DBR_64=0 -DFOTA_BUFFER_SIZE=2048 \
    -isystem /usr/lib/xtensa-lx106-elf/include -isystem $(LX106)/include
LX106_INCLUDES = $(AGENT_INCLUDES) -Iagent-firmware/boot/chip -Iagent-firmware/port/lx106
LX106_PORT = agent-firmware/port/lx106

# BearSSL's headers must be those of the source that is compiled; jsmn is a header.
$(LX106)/bearssl/complete: | deploy/bearssl-source.sh
	$(call say,GET)deploy/bearssl-source.sh $(LX106)/bearssl
$(LX106)/include/complete: $(LX106)/bearssl/complete
	@mkdir -p $(@D)
	$(call say,COPY)cp $(LX106)/bearssl/inc/*.h /usr/include/jsmn.h $(@D) && touch $@

# --- libraries ----------------------------------------------------------------------------------------------------------
lx106_objects = $(patsubst %.c,$(LX106)/obj/%.o,$(1))
LX106_CORE = $(call lx106_objects,$(wildcard agent-firmware/core/*.c))
LX106_BOOT = $(call lx106_objects,$(wildcard agent-firmware/boot/*.c agent-firmware/boot/chip/*.c) \
    $(addprefix agent-firmware/core/,boot_choose.c crc32.c flash_map.c verify.c))
LX106_BOOT_MAP = $(LX106)/obj/agent-firmware/boot/boot_map.o
LX106_FIRMWARE = $(addprefix $(LX106)/obj/$(LX106_PORT)/firmware/,start.o main.o modem.o chip_flash.o) $(LX106_BOOT_MAP)
LX106_ROM = $(addprefix $(LX106)/obj/$(LX106_PORT)/rom/,calls.o rom.o rom_flash.o rom_library.o)
# SHA-256, and the check of an ECDSA signature over P-256 with 15-bit limbs.
LX106_CRYPTO_FILES = hash/sha2small codec/ccopy codec/dec32be codec/enc32be ec/ec_p256_m15 ec/ec_secp256r1 ec/ec_secp384r1 ec/ec_secp521r1 \
    ec/ecdsa_i15_bits ec/ecdsa_i15_vrfy_raw $(addprefix int/i15_,add bitlen decmod decode decred encode fmont iszero moddiv modpow \
    modpow2 montmul muladd ninv15 reduce rshift sub tmont mulacc)
LX106_CRYPTO = $(patsubst %,$(LX106)/obj/bearssl/%.o,$(LX106_CRYPTO_FILES))

# The core is optimized as a whole when it is linked; nothing else is, so what comes out of that is the core. Without these six it
# is smaller.
LX106_LTO_FLAGS = -flto -fno-tree-dominator-opts -fno-caller-saves -fno-inline-small-functions -fno-move-loop-invariants -fno-tree-tail-merge \
    -fno-ipa-modref
$(LX106_CORE:$(LX106)/obj/%=$(LX106)/lto/%): $(LX106)/lto/%.o: %.c Makefile tests/make/lx106.mk | $(LX106)/include/complete
	@mkdir -p $(@D)
	$(call say,CHIP)$(LX106_CC) -std=c99 $(LX106_FLAGS) $(LX106_LTO_FLAGS) $(LX106_INCLUDES) -c $< -o $@
$(LX106)/obj/agent-firmware/%.o: agent-firmware/%.c Makefile tests/make/lx106.mk | $(LX106)/include/complete
	@mkdir -p $(@D)
	$(call say,CHIP)$(LX106_CC) -std=$(if $(findstring $(LX106_PORT),$<),c17,c99) $(LX106_FLAGS) $(LX106_INCLUDES) -c $< -o $@
$(LX106)/obj/agent-firmware/%.o: agent-firmware/%.S Makefile tests/make/lx106.mk
	@mkdir -p $(@D)
	$(call say,CHIP)$(LX106_CC) -mlongcalls -mtext-section-literals -c $< -o $@
$(LX106)/obj/bearssl/%.o: $(LX106)/include/complete Makefile tests/make/lx106.mk
	@mkdir -p $(@D)
	$(call say,CHIP)$(LX106_CC) $(filter-out $(WARNINGS),$(LX106_FLAGS)) -DBR_USE_UNIX_TIME=0 -DBR_USE_URANDOM=0 \
	    -DBR_USE_GETENTROPY=0 -I$(LX106)/bearssl/src -c $(LX106)/bearssl/src/$*.c -o $@
$(LX106)/libcore.a: $(LX106_CORE)
# Not in the firmware here, nor counted with the core: what the endpoint for upgrades over the LAN would add.
LX106_LOCAL = $(call lx106_objects,$(wildcard agent-firmware/local/*.c))
$(LX106_LOCAL): LX106_INCLUDES += -DFOTA_LOCAL_UPGRADE=1
LX106_WHOLE_CORE = $(LX106_CORE:$(LX106)/obj/%=$(LX106)/lto/%)
$(LX106)/libcrypto.a: $(LX106_CRYPTO)
$(LX106)/%.a:
	@rm -f $@
	$(call say,AR)xtensa-lx106-elf-ar rcs $@ $^

# --- programs for the chip ----------------------------------------------------------------------------------------------
LX106_LINK = $(LX106_CC) -nostdlib -Wl,--gc-sections -Wl,-Map,$@.map
$(LX106)/boot.elf: $(LX106_BOOT) agent-firmware/boot/chip/boot.ld agent-firmware/boot/chip/rom.ld
	$(call say,LINK)$(LX106_LINK) -T agent-firmware/boot/chip/boot.ld agent-firmware/boot/chip/rom.ld -o $@ $(LX106_BOOT)
$(LX106)/rom.elf: $(LX106_ROM) $(LX106_PORT)/rom/rom.ld
	$(call say,LINK)$(LX106_LINK) -T $(LX106_PORT)/rom/rom.ld -o $@ $(LX106_ROM) -lgcc

$(BUILD)/tools/elf_image: $(LX106_PORT)/tool/elf_image.c $(BUILD)/lib/libagent_core.a
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) $(AGENT_HOST) -o $@ $^ -lbearssl
$(LX106)/boot.bin: $(LX106)/boot.elf $(BUILD)/tools/elf_image
	$(call say,BIN)$(BUILD)/tools/elf_image boot $< $@

# A release is a version, whether its self test passes (-sick), and whether it takes only what the key of this build has signed (-keyed);
# its images are for the map 512+512.
LX106_RELEASES = v1.0.5 v1.0.6-keyed v1.1.0 v1.2.0-sick
$(LX106)/release.pem: $(BUILD)/bin/orchestratorctl
	@mkdir -p $(@D)
	@rm -f $@ $(LX106)/release.pub.pem
	$(call say,KEY)$(BUILD)/bin/orchestratorctl key generate $@ > /dev/null
# The point stands at the end of the key: 65 bytes.
$(LX106)/release_key.h: $(LX106)/release.pem
	$(call say,KEY)grep -v -e '---' $(LX106)/release.pub.pem | base64 -d | tail -c 65 | od -An -v -tu1 -w1 | tr '\n' ',' \
	    | sed 's/.*/#define RELEASE_KEY &/; s/,$$//' > $@
LX106_MAPPED_1 = 0x40201010
LX106_MAPPED_2 = 0x40281010
define lx106_release
$(LX106)/firmware/$(1)/release.o: $(LX106_PORT)/firmware/release.c $(4) Makefile tests/make/lx106.mk | $(LX106)/include/complete
	@mkdir -p $$(@D)
	$$(call say,CHIP)$(LX106_CC) -std=c17 $(LX106_FLAGS) -DRELEASE_VERSION='"$(2)t45772(a)"' -DRELEASE_IS_HEALTHY=$(3) $(LX106_INCLUDES) $(4:%=-include %) -c $$< -o $$@
endef
define lx106_slot
$(LX106)/firmware/$(1)/user$(2).elf: $(LX106)/firmware/$(1)/release.o $(LX106_FIRMWARE) $(LX106_WHOLE_CORE) $(LX106)/libcrypto.a \
    $(LX106_PORT)/firmware/firmware.ld
	$$(call say,LINK)$$(LX106_LINK) -Os $(LX106_LTO_FLAGS) -flto-partition=one -mlongcalls -mtext-section-literals -mno-target-align -fstack-usage \
	    -Wl,--defsym,mapped_start=$(LX106_MAPPED_$(2)),--defsym,image_slot=$(2),--defsym,image_megabyte=0 \
	    -T $(LX106_PORT)/firmware/firmware.ld agent-firmware/boot/chip/rom.ld $(LX106_PORT)/machine.ld \
	    -o $$@ $$(filter %.o %.a,$$^) -L/usr/lib/xtensa-lx106-elf/lib -lc -lgcc
endef
$(foreach release,$(LX106_RELEASES),$(eval $(call lx106_release,$(release),$(patsubst %-keyed,%,$(release:-sick=)),$(if $(filter %-sick,$(release)),false,true),$(if $(filter %-keyed,$(release)),$(LX106)/release_key.h))))
$(foreach release,$(LX106_RELEASES),$(foreach slot,1 2,$(eval $(call lx106_slot,$(release),$(slot)))))
$(LX106)/firmware/%.bin: $(LX106)/firmware/%.elf $(BUILD)/tools/elf_image
	$(call say,BIN)$(BUILD)/tools/elf_image $(patsubst user%.bin,%,$(@F)) $< $@

# Programs that only say which slot they run in, for the tests of the boot loader: MAP-SLOT (1 is slot 1 of every map), and e9-SLOT,
# which run from RAM alone.
LX106_PROBES = 1 256-2 512-2 1024-2 e9-1 e9-2
lx106_probe_slot = $(lastword $(subst -, ,$(1)))
lx106_probe_start = $(or $(if $(filter e9-%,$(1)),0x40102000),$(if $(filter 256-2,$(1)),0x40241010),$(if $(filter 512-2,$(1)),0x40281010),0x40201010)
$(LX106)/probe/probe.o: tests/lx106/probe.c Makefile tests/make/lx106.mk | $(LX106)/include/complete
	@mkdir -p $(@D)
	$(call say,CHIP)$(LX106_CC) -std=c17 $(LX106_FLAGS) $(LX106_INCLUDES) -I$(LX106_PORT)/firmware -c $< -o $@
LX106_PROBE_OBJECTS = $(LX106)/probe/probe.o $(addprefix $(LX106)/obj/$(LX106_PORT)/firmware/,start.o modem.o chip_flash.o)
$(LX106_PROBES:%=$(LX106)/probe/%.elf): $(LX106)/probe/%.elf: $(LX106_PROBE_OBJECTS) $(LX106_PORT)/firmware/firmware.ld
	$(call say,LINK)$(LX106_LINK) -T $(LX106_PORT)/firmware/firmware.ld agent-firmware/boot/chip/rom.ld $(LX106_PORT)/machine.ld \
	    -Wl,--defsym,mapped_start=$(call lx106_probe_start,$*),--defsym,image_slot=$(call lx106_probe_slot,$*) \
	    -Wl,--defsym,image_megabyte=$(if $(filter 1024-2,$*),1,0) -o $@ $(LX106_PROBE_OBJECTS)
$(LX106)/probe/%.bin: $(LX106)/probe/%.elf $(BUILD)/tools/elf_image
	$(call say,BIN)$(BUILD)/tools/elf_image $(call lx106_probe_slot,$*) $< $@

LX106_IMAGES = $(foreach release,$(LX106_RELEASES),$(foreach slot,1 2,$(LX106)/firmware/$(release)/user$(slot).bin))
LX106_ALL = $(LX106)/boot.bin $(LX106)/rom.elf $(LX106_IMAGES) $(LX106_PROBES:%=$(LX106)/probe/%.bin)
.SECONDARY: $(LX106_IMAGES:.bin=.elf)

# --- the host's side, and the tests -------------------------------------------------------------------------------------
LX106_HOST_INCLUDES = $(AGENT_HOST) -Iagent-firmware/port/host -I$(LX106_PORT) -I$(LX106_PORT)/host -Itests/lx106
LX106_HOST_LIBRARIES = $(call library,agent_host agent_core) -lmosquitto -lcurl -lbearssl -lpthread
$(BUILD)/bin/lx106-device: $(wildcard $(LX106_PORT)/host/*.c $(LX106_PORT)/*.h $(LX106_PORT)/host/*.h) $(call library,agent_host agent_core) Makefile \
    tests/make/lx106.mk
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(filter-out -MMD -MP,$(CFLAGS_HOST)) $(LX106_HOST_INCLUDES) -o $@ $(filter %.c,$^) $(LX106_HOST_LIBRARIES)
LX106_WORLD = $(addprefix tests/lx106/,world.c world.h signed.c signed.h)
$(BUILD)/tests/lx106/roads: tests/lx106/roads.c tests/unit/agent/roads.h $(LX106_WORLD) $(LX106_PORT)/host/machine_host.c \
    $(wildcard $(LX106_PORT)/*.h $(LX106_PORT)/host/*.h) $(call library,agent_host agent_core) Makefile tests/make/lx106.mk
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(filter-out -MMD -MP,$(CFLAGS_HOST)) $(LX106_HOST_INCLUDES) -o $@ $(filter %.c,$^) $(LX106_HOST_LIBRARIES)
$(BUILD)/tests/lx106/powercut: tests/lx106/powercut.c $(LX106_WORLD) $(LX106_PORT)/host/machine_host.c \
    $(wildcard $(LX106_PORT)/*.h $(LX106_PORT)/host/*.h) $(call library,agent_host agent_core) Makefile tests/make/lx106.mk
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(filter-out -MMD -MP,$(CFLAGS_HOST)) $(LX106_HOST_INCLUDES) -o $@ $(filter %.c,$^) $(LX106_HOST_LIBRARIES)
$(BUILD)/tests/lx106/test_maps: tests/lx106/test_maps.c $(LX106_PORT)/host/machine_host.c \
    $(wildcard $(LX106_PORT)/*.h $(LX106_PORT)/host/*.h) $(call library,agent_host agent_core) Makefile tests/make/lx106.mk
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(filter-out -MMD -MP,$(CFLAGS_HOST)) $(LX106_HOST_INCLUDES) -o $@ $(filter %.c,$^) -lcmocka $(LX106_HOST_LIBRARIES)

$(LX106)/agent_size.o: tests/lx106/agent_size.c Makefile tests/make/lx106.mk | $(LX106)/include/complete
	$(call say,CHIP)$(LX106_CC) -std=c99 $(LX106_FLAGS) $(LX106_INCLUDES) -c $< -o $@

.PHONY: lx106 lx106-programs lx106-powercut
lx106-programs: $(LX106_ALL) $(LX106)/libcore.a $(LX106_LOCAL) $(LX106)/agent_size.o $(addprefix $(BUILD)/tests/lx106/,powercut roads test_maps) $(BUILD)/bin/lx106-device
tests: lx106-programs
lx106: deps
	@+$(MAKE) --no-print-directory lx106-programs
	@BUILD=$(BUILD) tests/lx106/sizes.sh
lx106-powercut: deps
	@+$(MAKE) --no-print-directory lx106-programs
	@BUILD=$(BUILD) tests/lx106/powercut.sh all
