-- Labels by name, with the number of issues that bear them.
-- access: member
-- param: after text optional max 40
-- param: limit integer default 200 min 1 max 200
-- returns: many
SELECT id, name, colour,
       (SELECT count(*) FROM issue_labels WHERE label = labels.id) AS issues
  FROM labels WHERE name > coalesce(:after, '') ORDER BY name LIMIT :limit;
