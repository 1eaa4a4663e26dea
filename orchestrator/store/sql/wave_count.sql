-- Moves the counters by the given differences: campaign, wave, then one array a state.
UPDATE waves w
SET pending = w.pending + d.pending, offered = w.offered + d.offered, accepted = w.accepted + d.accepted,
    downloading = w.downloading + d.downloading, installed = w.installed + d.installed, trial = w.trial + d.trial,
    confirmed = w.confirmed + d.confirmed, rejected = w.rejected + d.rejected, failed = w.failed + d.failed,
    reverted = w.reverted + d.reverted, silent = w.silent + d.silent, cancelled = w.cancelled + d.cancelled,
    skipped = w.skipped + d.skipped
FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[],
            $8::integer[], $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::integer[],
            $14::integer[], $15::integer[])
     AS d(campaign_id, wave, pending, offered, accepted, downloading, installed, trial, confirmed, rejected, failed,
          reverted, silent, cancelled, skipped)
WHERE w.campaign_id = d.campaign_id AND w.wave = d.wave
