-- Deletes an archived project with everything in it.
-- access: admin
-- returns: none
DELETE FROM projects WHERE key = :project RETURNING key;
