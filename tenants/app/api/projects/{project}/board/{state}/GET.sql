-- The rest of a column of the board, after the last issue that was seen.
-- access: member
-- param: state text one of backlog, todo, doing, done, cancelled
-- param: assignee text optional max 40
-- param: label integer optional
-- param: priority integer default 4 min 0 max 4
-- param: before integer default 9007199254740991
-- param: limit integer default 50 min 1 max 100
-- returns: many
-- json: labels
SELECT * FROM issue_cards c
 WHERE project = :project AND state = :state
   AND (priority, id) < (:priority, :before)
   AND (:assignee IS NULL OR assignee IS nullif(:assignee, 'none'))
   AND (:label IS NULL OR EXISTS (SELECT 1 FROM issue_labels
                           WHERE issue = c.id AND label = :label))
 ORDER BY priority DESC, id DESC LIMIT :limit;
