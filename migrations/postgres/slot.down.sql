-- Lets the server remove the log that was kept for us. The slot itself is made on first start, in the same moment as the
-- snapshot that the first copy reads.
SELECT pg_catalog.pg_drop_replication_slot(slot_name) FROM pg_catalog.pg_replication_slots WHERE slot_name = {slot};
