#!/usr/bin/env bash
# 10,000 random campaigns against the pure engine.
exec "${BUILD:-build}/tests/property/campaign" 10000
