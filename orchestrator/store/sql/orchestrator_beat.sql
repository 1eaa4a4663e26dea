-- Renews a lease and reads the time, in microseconds: id, lease in seconds. No row: another orchestrator has taken its place. Then: whether the lease
-- of another one has run out; the moment of its last answered beat as it is stored, 0 where none is; whether this is the database that was served before.
UPDATE orchestrators o SET lease_until = clock_timestamp() + make_interval(secs => $2)
WHERE orchestrator_id = $1
RETURNING (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
          EXISTS (SELECT FROM orchestrators l WHERE l.lease_until < clock_timestamp() AND l.orchestrator_id <> $1),
          coalesce(extract(epoch FROM beat_at) * 1000000, 0)::bigint,
          (SELECT coalesce(identity = database_identity(), true) FROM service)
