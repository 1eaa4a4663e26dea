-- Outages of longer ago than the event log goes: days
DELETE FROM outages WHERE ended < now() - make_interval(days => $1)
