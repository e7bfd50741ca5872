-- What the team did, newest first; with `after`, what is new since.
-- access: member
-- param: project text optional max 8
-- param: after integer default 0
-- param: before integer default 9007199254740991
-- param: limit integer default 50 min 1 max 200
-- returns: many
SELECT a.id, i.ref, i.project, i.title, a.actor, u.name AS actor_name,
       a.field, a.was, a.became, a.at
  FROM activity a
  JOIN issues i ON i.id = a.issue
  LEFT JOIN users u ON u.id = a.actor
 WHERE a.id > :after AND a.id < :before
   AND (:project IS NULL OR i.project = :project)
 ORDER BY a.id DESC LIMIT :limit;
