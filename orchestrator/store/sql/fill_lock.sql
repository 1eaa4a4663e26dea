-- Of the planners of a ptype one works at a time, until its transaction ends; whoever comes second is told so and does not wait. $1 ptype
SELECT pg_try_advisory_xact_lock('campaigns'::regclass::oid::integer, $1::integer)
