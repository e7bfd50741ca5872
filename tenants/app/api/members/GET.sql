-- Everybody in this tenant, for choosing an assignee.
-- access: member
-- param: after text optional max 40
-- param: limit integer default 200 min 1 max 500
-- returns: many
SELECT id, name, role
  FROM users WHERE id > coalesce(:after, '') ORDER BY id LIMIT :limit;
