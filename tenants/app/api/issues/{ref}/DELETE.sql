-- Deletes an issue with its comments and history; its number stays taken.
-- access: admin
-- returns: none
DELETE FROM issues WHERE ref = :ref RETURNING ref;
