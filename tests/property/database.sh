#!/usr/bin/env bash
# A few random campaigns against the real database; `make check-long` and `make prove` do more.
exec "${BUILD:-build}/tests/property/database" "${PROPERTY_RUNS:-4}"
