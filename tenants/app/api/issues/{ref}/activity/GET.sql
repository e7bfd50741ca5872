-- The history of an issue, newest first.
-- access: member
-- param: before integer default 9007199254740991
-- param: limit integer default 50 min 1 max 200
-- returns: many
SELECT a.id, a.actor, u.name AS actor_name, a.field, a.was, a.became, a.at
  FROM activity a LEFT JOIN users u ON u.id = a.actor
 WHERE a.issue = (SELECT id FROM issues WHERE ref = :ref) AND a.id < :before
 ORDER BY a.id DESC LIMIT :limit;
