-- One row by its key, for anybody.
-- access: public
-- param: id integer
-- returns: one
SELECT id, body FROM notes WHERE id = :id;
