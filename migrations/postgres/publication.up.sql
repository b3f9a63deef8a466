-- Names the tables whose changes are streamed. Run by a role that owns them, in their database.
-- Changes of a partition are published under the name of its partitioned table.
CREATE PUBLICATION {publication} {for_tables}
  WITH (publish = 'insert, update, delete, truncate', publish_via_partition_root = true);
