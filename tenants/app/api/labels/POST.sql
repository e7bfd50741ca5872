-- A new label, for all projects.
-- access: member
-- param: name text required max 40
-- param: colour text default #64748b max 7
-- returns: one
-- status: 201
INSERT INTO labels (name, colour) VALUES (trim(:name), lower(:colour))
RETURNING id, name, colour;
