SELECT made, dropped FROM maintain_event_partitions($1)
