-- The board: the first issues of every state, most urgent first.
-- access: member
-- param: assignee text optional max 40
-- param: label integer optional
-- param: limit integer default 50 min 1 max 100
-- returns: many
-- json: labels
WITH columns (state) AS (VALUES
       ('backlog'), ('todo'), ('doing'), ('done'), ('cancelled'))
SELECT c.*
  FROM columns
  JOIN issue_cards c ON c.id IN
       (SELECT id FROM issues
         WHERE project = :project AND state = columns.state
           AND (:assignee IS NULL OR assignee IS nullif(:assignee, 'none'))
           AND (:label IS NULL OR EXISTS (SELECT 1 FROM issue_labels
                                   WHERE issue = id AND label = :label))
         ORDER BY priority DESC, id DESC LIMIT :limit)
 ORDER BY c.priority DESC, c.id DESC;
