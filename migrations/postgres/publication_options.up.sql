-- A view of a table needs all kinds of its changes, those of its partitions under its own name.
ALTER PUBLICATION {publication} SET (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
