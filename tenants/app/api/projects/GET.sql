-- Projects with the number of their open issues, by name.
-- access: member
-- param: archived boolean default false
-- param: after text optional max 8
-- param: limit integer default 200 min 1 max 200
-- returns: many
SELECT key, name, description, archived, version, created, updated,
       (SELECT count(*) FROM issues
         WHERE project = key AND state IN ('backlog', 'todo', 'doing')) AS open
  FROM projects
 WHERE key > coalesce(:after, '') AND (archived IS NOT NULL) = :archived
 ORDER BY key LIMIT :limit;
