-- Takes a label off an issue.
-- access: member
-- param: label integer required
-- returns: one
-- json: labels
INSERT INTO activity (issue, actor, field, was, at)
SELECT i.id, @user_id, 'label', l.name, @now
  FROM issues i
  JOIN issue_labels il ON il.issue = i.id AND il.label = :label
  JOIN labels l ON l.id = il.label
 WHERE i.ref = :ref;

DELETE FROM issue_labels
 WHERE issue = (SELECT id FROM issues WHERE ref = :ref) AND label = :label;

SELECT * FROM issue_cards WHERE ref = :ref;
