# What is done with the programs once they are built: tests, checks, installation, local services, demo.
# `check`, `demo` and `up` install missing packages first, and build in a second make that sees them.

.PHONY: deps check check-now check-long scenarios lint format install sanitize races coverage up down demo help
LOCAL = deploy/local/local.sh
SHARE = $(DESTDIR)$(PREFIX)/share/orchestratord
SCENARIOS = $(filter-out $(addprefix tests/scenario/,lib.sh stories.sh outages.sh baseline.sh old_orchestrator.sh),$(sort $(wildcard tests/scenario/*.sh)))
C_FILES = $(shell find orchestrator agent-firmware tests -name '*.[ch]')

deps:
	@sh deploy/deps.sh

check: deps
	@+$(MAKE) --no-print-directory check-now
check-now: programs tests bench-tools
	@BUILD=$(BUILD) tests/run.sh $(UNIT_TESTS) $(INTEGRATION_TESTS) tests/property/campaign.sh tests/property/database.sh tests/powercut/powercut.sh $(BUILD)/tests/lx106/test_maps tests/lx106/roads.sh tests/lx106/powercut.sh tests/lx106/sizes.sh tests/esp8266/sdk_calls.sh tests/make/test_programs.sh tests/bench/smoke.sh tests/chaos/commit_points.sh tests/chaos/database_refuses.sh tests/chaos/stalls.sh tests/chaos/failover.sh tests/chaos/restore.sh tests/chaos/chaos.sh $(SCENARIOS)
# What takes minutes: an orchestrator that stores nothing for ten, and the retained messages of a million devices.
check-long: deps
	@+$(MAKE) --no-print-directory programs tests bench-tools
	@BUILD=$(BUILD) HELD_SECONDS=$${HELD_SECONDS:-75} tests/chaos/held_ingest.sh
	@BUILD=$(BUILD) HELD_SECONDS=$${HELD_SECONDS_LONG:-600} tests/chaos/held_ingest.sh
	@BUILD=$(BUILD) tests/bench/retained.sh
	@BUILD=$(BUILD) PROPERTY_RUNS=40 tests/property/database.sh
	@BUILD=$(BUILD) FAILOVER_DEVICES=2000 FAILOVER_SECONDS=60 FAILOVER_FALLS='behind asynchronous synchronous' tests/chaos/failover.sh
	@BUILD=$(BUILD) RESTORE_DEVICES=2000 RESTORE_SECONDS=60 tests/chaos/restore.sh
	@BUILD=$(BUILD) RESTORE_PARTS=old_backup RESTORE_DEVICES=200 RESTORE_AGE=140 tests/chaos/restore.sh
	@BUILD=$(BUILD) tests/scenario/old_orchestrator.sh
	@for run in 1 2 3; do BUILD=$(BUILD) tests/chaos/absent.sh || exit 1; done
	@for away in 60 600; do \
	    BUILD=$(BUILD) AWAY_SECONDS=$$away AWAY_DEVICES=300 AWAY_CONFIRM_SECONDS=20 tests/scenario/broker_away_during_trials.sh || exit 1; done
scenarios: programs lx106-programs $(BUILD)/tests/chaos/host_clock.so
	@BUILD=$(BUILD) tests/run.sh $(SCENARIOS)

lint: programs
	@sh deploy/deps.sh lint
	@BUILD=$(BUILD) tests/make/lint.sh
format:
	@sh deploy/deps.sh lint
	clang-format -i $(C_FILES)

# gcc takes some formats for null under the sanitizers, and for cut off: not errors there.
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-format-truncation
sanitize: deps
	@+UBSAN_OPTIONS=print_stacktrace=1 $(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize OPTIMIZE='-O1 -g' \
	    SANITIZE='$(SANITIZERS)' check-now

# All tests under ThreadSanitizer. Its reports go to files, since nobody reads what a service wrote that ends well. Deadlocks are left out: libmosquitto
# takes its own locks in several orders, one thread after the other.
races: deps
	@mkdir -p $(BUILD)/races && rm -f $(BUILD)/races/report.*
	@+TSAN_OPTIONS='detect_deadlocks=0 exitcode=0 log_path=$(abspath $(BUILD))/races/report' $(MAKE) --no-print-directory \
	    BUILD=$(BUILD)/races OPTIMIZE='-O1 -g' SANITIZE='-fsanitize=thread -Wno-format-truncation' check-now; code=$$?; \
	    ! ls $(BUILD)/races/report.* 2> /dev/null && exit $$code

coverage: deps
	@+$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage OPTIMIZE='-O0 -g' \
	    SANITIZE='--coverage -fprofile-update=atomic' check-now; code=$$?; tests/make/coverage.sh $(BUILD)/coverage; exit $$code

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d \
	    $(SHARE)/policies $(SHARE)/migrations
	install -m 755 $(filter $(BUILD)/bin/%,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	install -m 644 policies/*.json $(SHARE)/policies
	install -m 644 migrations/*.sql $(SHARE)/migrations
	install -m 644 deploy/mosquitto/mosquitto.conf deploy/mosquitto/acl deploy/systemd/orchestratord.conf.example $(SHARE)
	sed 's|@PREFIX@|$(PREFIX)|' deploy/systemd/orchestratord.service \
	    > $(DESTDIR)$(PREFIX)/lib/systemd/system/orchestratord.service
	install -m 644 deploy/systemd/orchestratord.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/orchestratord.conf
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/orchestratord.service

up: deps
	@+$(MAKE) --no-print-directory programs
	@$(LOCAL) --build $(BUILD) up
down:
	@$(LOCAL) --build $(BUILD) down

demo: deps
	@+$(MAKE) --no-print-directory programs
	@BUILD=$(BUILD) deploy/local/demo.sh

help:
	@echo 'make            build the programs into $(BUILD)/bin'
	@echo 'make deps       install missing Debian packages (as root, or with sudo)'
	@echo 'make demo       a whole campaign, and one that is halted, with 200 simulated devices'
	@echo 'make up, down   start and stop PostgreSQL, mosquitto and orchestratord for this checkout (.local/env)'
	@echo 'make check      all unit, integration and scenario tests'
	@echo 'make check-long the tests that take minutes (about an hour)'
	@echo 'make scenarios  only the scenarios'
	@echo 'make unit       only the unit tests'
	@echo 'make sanitize   all tests with address and undefined behaviour sanitizers'
	@echo 'make races      all tests with the thread sanitizer'
	@echo 'make bench      measure what docs/performance.md says (ROWS="1 3": only those), in about ten minutes'
	@echo 'make coverage   all tests, then lines executed by file'
	@echo 'make prove      a million random campaigns against the pure engine (PROVE_SEQUENCES), then PROVE_RUNS=$(PROVE_RUNS)'
	@echo '                against the real database with two orchestrators that are killed at any instant'
	@echo 'make chaos      kill orchestrators, broker and database 30 times in a campaign of 2,000 devices, CHAOS_RUNS=$(CHAOS_RUNS) times'
	@echo 'make soak       campaigns for SOAK_MINUTES=$(SOAK_MINUTES): memory and descriptors must stay flat'
	@echo 'make powercut   cut the power at every flash operation of a device, and again after each cut; bad reads at every read (four minutes)'
	@echo 'make lx106      build boot loader and agent for the chip, print and hold their sizes'
	@echo 'make esp8266    compile the port for the chip against the SDK of Espressif'
	@echo 'make lx106-powercut  power cuts at every flash operation on the emulated core, three ways each'
	@echo 'make gates      measure the error rates of the gates (docs/gates.md)'
	@echo 'make fuzz       fuzz the parsers with clang, each for FUZZ_SECONDS=$(FUZZ_SECONDS)'
	@echo 'make lint       format, static analysis, forbidden functions, layers, programs of the scripts'
	@echo 'make format     put the sources into the format'
	@echo 'make install    into DESTDIR= PREFIX=$(PREFIX)'
	@echo 'make clean      remove $(BUILD)'
