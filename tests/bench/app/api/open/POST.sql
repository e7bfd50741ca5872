-- One row more, by anybody.
-- access: public
-- param: body text required max 200
-- returns: one
-- status: 201
INSERT INTO notes (body) VALUES (:body) RETURNING id, body;
