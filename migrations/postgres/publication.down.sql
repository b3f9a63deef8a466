-- Forgets which tables are streamed. Tables and their rows stay as they are.
DROP PUBLICATION IF EXISTS {publication};
