-- Offers that were signed before this moment, Unix milliseconds, are committed or were never made: those of tickers at work may be neither yet. To be asked before
-- live_attempts.sql.
SELECT (extract(epoch FROM least(now(), min(xact_start))) * 1000)::bigint
FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'orchestratord ticker'
