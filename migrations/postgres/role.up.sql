-- What the role needs: to read the log, and to read the tables once.
ALTER ROLE {role} REPLICATION;
GRANT SELECT ON {tables} TO {role};
