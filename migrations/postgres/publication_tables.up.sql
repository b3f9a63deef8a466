-- Adds tables to the publication.
ALTER PUBLICATION {publication} ADD TABLE {tables};
