-- What was said about an issue, newest first.
-- access: member
-- param: before integer default 9007199254740991
-- param: limit integer default 50 min 1 max 200
-- returns: many
SELECT c.id, c.author, u.name AS author_name, c.body, c.created, c.edited
  FROM comments c LEFT JOIN users u ON u.id = c.author
 WHERE c.issue = (SELECT id FROM issues WHERE ref = :ref) AND c.id < :before
 ORDER BY c.id DESC LIMIT :limit;
