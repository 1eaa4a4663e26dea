# Processes that are killed: tests/chaos.
# Ends orchestratord at a named point of its work; lets PostgreSQL find its disk full; moves the clock of a program's host.
$(BUILD)/tests/chaos/%.so: tests/chaos/%.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(filter-out -fsanitize=% --coverage,$(CFLAGS_HOST)) -fPIC -shared $(EXTRA_store) -o $@ $< -ldl
tests: $(addprefix $(BUILD)/tests/chaos/,kill_at.so disk_full.so host_clock.so network)
# The network between hosts that are namespaces.
$(BUILD)/tests/chaos/network: tests/chaos/network.c Makefile
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(CFLAGS_HOST) -o $@ $<

# Kills at random, CHAOS_RUNS times in a row; `make check` has a small one.
.PHONY: chaos
CHAOS_RUNS ?= 5
chaos: deps
	@sh deploy/deps.sh chaos
	@+$(MAKE) --no-print-directory programs tests
	@BUILD=$(BUILD) tests/chaos/commit_points.sh
	@BUILD=$(BUILD) tests/chaos/database_refuses.sh
	@BUILD=$(BUILD) tests/chaos/stalls.sh
	@BUILD=$(BUILD) tests/chaos/absent.sh
	@BUILD=$(BUILD) tests/chaos/changed.sh
	@BUILD=$(BUILD) tests/chaos/twins.sh
	@BUILD=$(BUILD) tests/chaos/network.sh
	@for run in $$(seq $(CHAOS_RUNS)); do \
	    BUILD=$(BUILD) CHAOS_DEVICES=$${CHAOS_DEVICES:-2000} CHAOS_KILLS=$${CHAOS_KILLS:-30} tests/chaos/chaos.sh || exit 1; done

# A steady load for so many minutes: memory and descriptors stay flat. Writes soak.json.
.PHONY: soak
SOAK_MINUTES ?= 60
soak: deps
	@+$(MAKE) --no-print-directory programs
	@BUILD=$(BUILD) SOAK_MINUTES=$(SOAK_MINUTES) tests/chaos/soak.sh
