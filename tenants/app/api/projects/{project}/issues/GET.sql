-- A project's issues, newest first; the next page is before the last id.
-- access: member
-- param: state text optional one of backlog, todo, doing, done, cancelled
-- param: assignee text optional max 40
-- param: label integer optional
-- param: before integer default 9007199254740991
-- param: limit integer default 50 min 1 max 200
-- returns: many
-- json: labels
SELECT * FROM issue_cards c
 WHERE project = :project AND id < :before
   AND (:state IS NULL OR state = :state)
   AND (:assignee IS NULL OR assignee IS nullif(:assignee, 'none'))
   AND (:label IS NULL OR EXISTS (SELECT 1 FROM issue_labels
                           WHERE issue = c.id AND label = :label))
 ORDER BY id DESC LIMIT :limit;
