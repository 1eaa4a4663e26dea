# `make` builds, `make check` tests, `make demo` runs a whole campaign; `make help` lists the rest.
# Everything is made under $(BUILD).
BUILD ?= build
ifeq ($(origin CC),default)
CC = gcc
endif
PREFIX ?= /usr/local
DESTDIR ?=
OPTIMIZE ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
COMMON = $(OPTIMIZE) $(WARNINGS) -fno-common -fstack-protector-strong -MMD -MP $(SANITIZE)
CFLAGS_HOST = -std=c17 -D_GNU_SOURCE $(COMMON)
CFLAGS_CORE = -std=c99 $(COMMON) # the agent core

# One short line a file; `make V=1` shows the commands.
say = $(if $(V),,@printf '  %-5s%s\n' '$(1)' '$(@:$(BUILD)/%=%)' && )

.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all
all: programs

# --- layers: one library and one include path each, so that an upward include does not compile -------------------------
LAYERS = base core crypto wire store engine mqtt http daemon ctl
USES_base = base
USES_core = base core
USES_crypto = base core crypto
USES_wire = base core wire
USES_store = base core crypto store
USES_engine = base core crypto wire store engine
USES_mqtt = base core crypto wire store engine mqtt
USES_http = base core crypto wire store engine http
USES_daemon = base core crypto wire store engine mqtt http daemon
USES_ctl = base core crypto wire ctl
EXTRA_store = -I$(BUILD)/gen -I$(shell pg_config --includedir 2>/dev/null)
EXTRA_engine = -I$(BUILD)/gen
EXTRA_http = -I$(BUILD)/gen
EXTRA_daemon = -I$(BUILD)/gen
includes = $(foreach layer,$(1),-Iorchestrator/$(layer))

define layer_rules
OBJECTS_$(1) = $$(patsubst orchestrator/%.c,$(BUILD)/obj/%.o,$$(wildcard orchestrator/$(1)/*.c))
$(BUILD)/lib/lib$(1).a: $$(OBJECTS_$(1))
$(BUILD)/obj/$(1)/%.o: orchestrator/$(1)/%.c Makefile | generated
	@mkdir -p $$(@D)
	$$(call say,CC)$$(CC) $$(CFLAGS_HOST) $$(call includes,$$(USES_$(1))) $$(EXTRA_$(1)) -c $$< -o $$@
endef
$(foreach layer,$(LAYERS),$(eval $(call layer_rules,$(layer))))

# Generated C: the queries of store/sql and the migrations.
SQL_FILES = $(sort $(wildcard orchestrator/store/sql/*.sql))
MIGRATION_FILES = $(sort $(wildcard migrations/*.sql))
GENERATED = $(BUILD)/gen/store_sql.c $(BUILD)/gen/store_sql.h $(BUILD)/gen/migrations.c
.PHONY: generated
generated: $(GENERATED)
$(BUILD)/gen/store_sql.c $(BUILD)/gen/store_sql.h &: orchestrator/store/embed_sql.sh $(SQL_FILES) orchestrator/store/sql
	@mkdir -p $(@D)
	$(call say,SQL)sh orchestrator/store/embed_sql.sh statements $(BUILD)/gen/store_sql $(SQL_FILES)
$(BUILD)/gen/migrations.c: orchestrator/store/embed_sql.sh $(MIGRATION_FILES) migrations
	@mkdir -p $(@D)
	$(call say,SQL)sh orchestrator/store/embed_sql.sh migrations $@ $(MIGRATION_FILES)
OBJECTS_store += $(BUILD)/obj/gen/store_sql.o $(BUILD)/obj/gen/migrations.o
$(BUILD)/lib/libstore.a: $(BUILD)/obj/gen/store_sql.o $(BUILD)/obj/gen/migrations.o
$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_HOST) $(call includes,$(USES_store)) $(EXTRA_store) -c $< -o $@

# --- agent: the core (C99, no libc) and the ports that run here ---------------------------------------------------------
AGENT_INCLUDES = -Iagent-firmware/include -Iagent-firmware/core -Iagent-firmware/boot
# The agent that runs here can have firmware pushed to it over the LAN.
AGENT_HOST = $(AGENT_INCLUDES) -Iagent-firmware/local -DFOTA_LOCAL_UPGRADE=1
OBJECTS_agent_core = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent-firmware/core/*.c agent-firmware/boot/*.c))
OBJECTS_agent_host = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent-firmware/port/host/*.c))
OBJECTS_posix = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent-firmware/port/posix/*.c))
OBJECTS_fleet = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent-firmware/port/fleet/*.c))
OBJECTS_agent_local = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard agent-firmware/local/*.c))
$(BUILD)/lib/libagent_core.a: $(OBJECTS_agent_core)
$(BUILD)/lib/libagent_local.a: $(OBJECTS_agent_local)
$(BUILD)/lib/libagent_host.a: $(OBJECTS_agent_host)
$(OBJECTS_agent_core) $(OBJECTS_agent_local): $(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_CORE) $(AGENT_HOST) -c $< -o $@
$(BUILD)/obj/agent-firmware/port/%.o: agent-firmware/port/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_HOST) $(AGENT_HOST) -Iagent-firmware/port/host -c $< -o $@

$(BUILD)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

# --- programs -----------------------------------------------------------------------------------------------------------
PROGRAMS = $(addprefix $(BUILD)/bin/,orchestratord orchestratorctl fota-agent fleetsim) $(BUILD)/tools/make_image $(BUILD)/tools/hostile_server
.PHONY: programs
programs: $(PROGRAMS)
library = $(addprefix $(BUILD)/lib/lib,$(addsuffix .a,$(1)))
LIBS_DAEMON = -lpq -lmosquitto -lmicrohttpd -ljansson -lcrypto -lpthread
$(BUILD)/bin/orchestratord: $(call library,daemon http mqtt engine store wire crypto core base)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(COMMON) -o $@ $^ $(LIBS_DAEMON) -lm
$(BUILD)/bin/orchestratorctl: $(call library,ctl wire crypto core base)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(COMMON) -o $@ $^ -lcurl -ljansson -lcrypto -lm
$(BUILD)/bin/fota-agent: $(OBJECTS_posix) $(call library,agent_local agent_host agent_core)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(COMMON) -o $@ $^ -lmosquitto -lcurl -lbearssl -lpthread
$(BUILD)/bin/fleetsim: $(OBJECTS_fleet) $(call library,agent_host agent_core)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(COMMON) -o $@ $^ -lmosquitto -lcurl -lbearssl -lpthread
# Writes ESP8266 images with correct headers, checksum and CRC trailer: for the demo, tests and benchmarks.
$(BUILD)/tools/make_image: tests/harness/make_image.c $(call library,core base)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) $(call includes,base core) -o $@ $^ -lm

# Lies about images, for tests of devices.
$(BUILD)/tools/hostile_server: tests/harness/hostile_server.c
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) -o $@ $<

# What the gates' error rates are: the tables of docs/gates.md.
$(BUILD)/bench/gates: tests/bench/gates.c $(call library,core base)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) $(call includes,base core) -o $@ $^ -lm
.PHONY: gates
gates: $(BUILD)/bench/gates
	@$(BUILD)/bench/gates

# Random campaigns against the pure engine: 10,000 sequences are part of the tests, a million of `make prove`.
PROVE_SEQUENCES ?= 1000000
$(BUILD)/tests/property/campaign: $(addprefix tests/property/,campaign.c model.c model.h random_policy.c random_policy.h) $(call library,core base)
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(CFLAGS_HOST) $(call includes,base core) -o $@ $(filter %.c %.a,$^) -lm

# --- tests: every tests/unit/LAYER/test_*.c and tests/integration/test_*.c is a cmocka program --------------------------
LIBRARIES_base = base
LIBRARIES_core = core base
LIBRARIES_crypto = crypto core base
LIBRARIES_wire = wire core base
LIBRARIES_store = store crypto core base
LIBRARIES_engine = engine store wire crypto core base
LIBRARIES_http = http engine store wire crypto core base
LIBRARIES_ctl = ctl wire crypto core base
LIBRARIES_daemon = daemon http mqtt engine store wire crypto core base
LINK_crypto = -lcrypto
LINK_wire = -ljansson
LINK_store = -lpq -lcrypto
LINK_engine = -lpq -ljansson -lcrypto -lpthread
LINK_http = -lpq -ljansson -lcrypto -lmicrohttpd -lpthread
LINK_ctl = -lcurl -ljansson -lcrypto
LINK_daemon = $(LIBS_DAEMON)
define unit_rules
UNIT_$(1) = $$(patsubst tests/%.c,$(BUILD)/tests/%,$$(wildcard tests/unit/$(1)/test_*.c))
UNIT_TESTS += $$(UNIT_$(1))
$$(UNIT_$(1)): $(BUILD)/tests/%: tests/%.c $$(call library,$$(LIBRARIES_$(1))) Makefile
	@mkdir -p $$(@D)
	$$(call say,TEST)$$(CC) $$(CFLAGS_HOST) $$(call includes,$$(USES_$(1))) $$(EXTRA_$(1)) -o $$@ $$< $$(call library,$$(LIBRARIES_$(1))) -lcmocka $$(LINK_$(1)) -lm
endef
$(foreach layer,base core crypto wire store engine http ctl daemon,$(eval $(call unit_rules,$(layer))))
UNIT_agent = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/agent/test_*.c))
UNIT_TESTS += $(UNIT_agent)
$(UNIT_agent): $(BUILD)/tests/%: tests/%.c $(call library,agent_local agent_host agent_core) Makefile
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) $(AGENT_HOST) -Iagent-firmware/port/host -o $@ $< $(call library,agent_local agent_host agent_core) -lcmocka -ljansson -lmosquitto -lcurl -lbearssl -lpthread
INTEGRATION_TESTS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/integration/test_*.c))
$(BUILD)/obj/tests/harness/%.o: tests/harness/%.c Makefile | generated
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CFLAGS_HOST) $(call includes,$(USES_daemon)) $(EXTRA_store) -c $< -o $@
HARNESS = $(addprefix $(BUILD)/obj/tests/harness/,services.o engine_fixture.o)
$(INTEGRATION_TESTS): $(BUILD)/tests/%: tests/%.c $(HARNESS) $(call library,$(LIBRARIES_daemon)) Makefile
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) $(call includes,$(USES_daemon)) $(EXTRA_daemon) -Itests/harness -o $@ $< $(HARNESS) $(call library,$(LIBRARIES_daemon)) -lcmocka $(LINK_daemon) -lm
# Random campaigns against the real database with two orchestrators: a few runs are part of the tests, `make check-long` and `make prove` do more.
PROVE_RUNS ?= 100
DATABASE_PROPERTY = $(wildcard tests/property/database/*.c) tests/property/random_policy.c orchestrator/daemon/sender.c \
    orchestrator/daemon/watch.c
$(BUILD)/tests/property/database: $(DATABASE_PROPERTY) $(wildcard tests/property/database/*.h) tests/property/random_policy.h \
    $(HARNESS) $(call library,$(LIBRARIES_engine)) Makefile
	@mkdir -p $(@D)
	$(call say,TEST)$(CC) $(CFLAGS_HOST) $(call includes,$(USES_engine)) $(EXTRA_engine) -Itests/harness -Itests/property \
	    -Itests/property/database -Iorchestrator/daemon -o $@ $(DATABASE_PROPERTY) $(HARNESS) $(call library,$(LIBRARIES_engine)) -lcmocka $(LINK_engine) -lm
.PHONY: prove
prove: $(BUILD)/tests/property/campaign $(BUILD)/tests/property/database
	@$(BUILD)/tests/property/campaign $(PROVE_SEQUENCES)
	@$(BUILD)/tests/property/database $(PROVE_RUNS)
.PHONY: tests unit
tests: $(UNIT_TESTS) $(INTEGRATION_TESTS) $(addprefix $(BUILD)/tests/property/,campaign database)
unit: $(UNIT_TESTS)
	@for test in $(UNIT_TESTS); do $$test || exit 1; done

.PHONY: clean
clean:
	rm -rf $(BUILD)

include tests/make/powercut.mk tests/make/baseline.mk tests/make/tools.mk tests/make/chaos.mk tests/make/bench.mk tests/make/fuzz.mk tests/make/lx106.mk tests/make/esp8266.mk
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
