-- A project and how many issues are in each state.
-- access: member
-- returns: one
-- json: counts
SELECT key, name, description, archived, version, created, updated,
       (SELECT json_group_object(state, n)
          FROM (SELECT state, count(*) AS n FROM issues
                 WHERE project = key GROUP BY state)) AS counts
  FROM projects WHERE key = :project;
