-- Deletes a label and takes it off every issue.
-- access: admin
-- param: id integer required
-- returns: none
DELETE FROM labels WHERE id = :id RETURNING id;
