-- Back to the default: old rows are named by the primary key.
ALTER TABLE {table} REPLICA IDENTITY DEFAULT;
