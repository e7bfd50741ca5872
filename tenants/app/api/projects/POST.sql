-- A new project; its key (WEB) begins the names of its issues (WEB-12).
-- access: admin
-- param: key text required min 2 max 8
-- param: name text required max 80
-- param: description text optional max 2000
-- returns: one
-- status: 201
INSERT INTO projects (key, name, description, created, updated)
VALUES (upper(trim(:key)), trim(:name), coalesce(:description, ''), @now, @now)
RETURNING key, name, description, archived, version, created, updated;
