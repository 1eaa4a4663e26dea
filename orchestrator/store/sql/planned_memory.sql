-- Of this transaction: what it sorts and joins may be the whole fleet, and should not go through files.
SELECT set_config('work_mem', '64MB', true)
