#!/usr/bin/env bash
# Two devices have the ids of two others, with another image (cloned flash). The broker lets each id be connected once: each
# of a pair puts the other one out, again and again. The ids are named, asked for a hello once, and are one member each.
. "$(dirname "$0")/lib.sh"

devices=${TWINS_DEVICES:-20}
given_fleet "$devices" v1.0.0 --twins 2 --reconnect 0.5
patience=180
eventually 2 'SELECT count(*) FROM ops.duplicate_devices'
none "other devices taken for two" "SELECT device FROM ops.duplicate_devices
    WHERE device NOT IN (SELECT device_id FROM devices ORDER BY device_id LIMIT 2)"
asked=$(sql 'SELECT coalesce(max(asked_at)::text, $$never$$) FROM ops.duplicate_devices')

given_firmware v1.1.0
given_policy 'del(.waves) | .waves = [{name: "all", size: {rest: true}, gate: {type: "threshold", success_percent: 50,
    finished_percent: 100, failure_percent: 50, min_sample: 1}}]'
when_campaign spring v1.1.0
then_campaign_is spring completed
none "members that did not end once" "SELECT campaign FROM ops.campaign_progress
    WHERE members <> $devices OR confirmed + rejected + failures + skipped <> members OR confirmed < members - 2"
none "healthy devices that were not confirmed" "SELECT device_id FROM targets WHERE state <> 'confirmed'
    AND device_id NOT IN (SELECT device_id FROM devices ORDER BY device_id LIMIT 2)"
none "questions within the hour" "SELECT device_id FROM device_images WHERE asked_at > '$asked'"
