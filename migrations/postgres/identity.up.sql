-- A table without a primary key: the log must carry whole old rows, or updates and deletes cannot be followed.
ALTER TABLE {table} REPLICA IDENTITY FULL;
