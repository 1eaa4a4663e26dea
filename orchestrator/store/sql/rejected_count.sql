UPDATE rejected_reports r
SET count = r.count + u.count, last_device = u.device, last_at = now()
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS u(kind, count, device)
WHERE r.kind = u.kind
