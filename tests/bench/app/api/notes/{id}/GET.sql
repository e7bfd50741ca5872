-- One row by its key, for who has signed in.
-- access: member
-- param: id integer
-- returns: one
SELECT id, body FROM notes WHERE id = :id;
