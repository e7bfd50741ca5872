-- Renames a label or gives it another colour, wherever it is used.
-- access: admin
-- param: id integer required
-- param: name text optional max 40
-- param: colour text optional max 7
-- returns: one
UPDATE labels SET name = iif(@has_name, trim(:name), name),
       colour = iif(@has_colour, lower(:colour), colour)
 WHERE id = :id
RETURNING id, name, colour;
