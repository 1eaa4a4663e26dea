# `make bench`: every row of docs/performance.md, or only those of ROWS="1 3". The tools are load generators, and what the product is
# compared with.
.PHONY: bench bench-tools
BENCH_TOOLS = $(addprefix $(BUILD)/bench/,publish bare_ingest http_load bare_http subscribers gate_devices)
BENCH_LINK = $(CC) $(CFLAGS_HOST) -I$(shell pg_config --includedir 2>/dev/null) -o $@ $(filter %.c,$^)
bench-tools: $(BENCH_TOOLS)
$(BENCH_TOOLS): tests/make/bench.mk $(wildcard tests/bench/tools/*.h)
$(BUILD)/bench/publish: $(addprefix tests/bench/tools/,publish.c raw_mqtt.c)
	@mkdir -p $(@D)
	$(call say,LINK)$(BENCH_LINK)
$(BUILD)/bench/bare_ingest: $(addprefix tests/bench/tools/,bare_ingest.c bare_batch.c raw_mqtt.c)
	@mkdir -p $(@D)
	$(call say,LINK)$(BENCH_LINK) -lmosquitto -lpq -lpthread
$(BUILD)/bench/http_load: $(addprefix tests/bench/tools/,http_load.c raw_mqtt.c)
	@mkdir -p $(@D)
	$(call say,LINK)$(BENCH_LINK)
$(BUILD)/bench/bare_http: $(addprefix tests/bench/tools/,bare_http.c raw_mqtt.c)
	@mkdir -p $(@D)
	$(call say,LINK)$(BENCH_LINK) -lmicrohttpd
$(BUILD)/bench/subscribers: $(addprefix tests/bench/tools/,subscribers.c raw_mqtt.c)
	@mkdir -p $(@D)
	$(call say,LINK)$(BENCH_LINK)
$(BUILD)/bench/gate_devices: $(addprefix tests/bench/tools/,gate_devices.c raw_mqtt.c)
	@mkdir -p $(@D)
	$(call say,LINK)$(BENCH_LINK) -ljansson
bench: deps
	@sh deploy/deps.sh bench
	@+$(MAKE) --no-print-directory programs bench-tools
	@BUILD=$(BUILD) tests/bench/run.sh $(ROWS)
