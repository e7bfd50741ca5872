-- Puts a label on an issue; it may be there already.
-- access: member
-- param: label integer required
-- returns: one
-- json: labels
INSERT INTO activity (issue, actor, field, became, at)
SELECT i.id, @user_id, 'label', l.name, @now
  FROM issues i JOIN labels l ON l.id = :label
 WHERE i.ref = :ref AND NOT EXISTS
       (SELECT 1 FROM issue_labels WHERE issue = i.id AND label = l.id);

INSERT INTO issue_labels (issue, label)
SELECT id, :label FROM issues WHERE ref = :ref
    ON CONFLICT DO NOTHING;

SELECT * FROM issue_cards WHERE ref = :ref;
