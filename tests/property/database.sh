#!/usr/bin/env bash
# A few random campaigns against the real database; `make prove` does more.
exec "${BUILD:-build}/tests/property/database" 10
