# The port for the chip with Espressif's SDK: compiled here, linked by a firmware that has the SDK (agent-firmware/PORTING.md).
ESP8266 = $(BUILD)/lx106/obj/agent-firmware/port/esp8266
ESP8266_OBJECTS = $(patsubst agent-firmware/port/esp8266/%.c,$(ESP8266)/%.o,$(wildcard agent-firmware/port/esp8266/*.c))
$(ESP8266)/%.o: agent-firmware/port/esp8266/%.c Makefile tests/make/esp8266.mk tests/make/lx106.mk | $(LX106)/include/complete
	@mkdir -p $(@D)
	$(call say,CHIP)$(LX106_CC) -std=c99 $(LX106_FLAGS) $(AGENT_INCLUDES) -c $< -o $@

.PHONY: esp8266 esp8266-objects
esp8266-objects: $(ESP8266_OBJECTS)
tests: esp8266-objects
esp8266: deps
	@+$(MAKE) --no-print-directory esp8266-objects
	@tests/esp8266/sdk_calls.sh $(ESP8266_OBJECTS)

# The port run here, against a stand-in for the SDK.
$(BUILD)/tests/esp8266/test_port: tests/esp8266/test_port.c $(wildcard agent-firmware/port/esp8266/*.c) $(wildcard agent-firmware/port/esp8266/*.h) \
    $(call library,agent_host agent_core)
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(CFLAGS_HOST) $(AGENT_HOST) -Iagent-firmware/port/esp8266 -Iagent-firmware/port/host -o $@ $(filter %.c,$^) \
	    $(call library,agent_host agent_core) -lcmocka -lmosquitto -lcurl -lbearssl -lpthread
UNIT_TESTS += $(BUILD)/tests/esp8266/test_port
tests unit: $(BUILD)/tests/esp8266/test_port
