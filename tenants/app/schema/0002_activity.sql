-- Who changed what, from what, to what, and when.

-- The actor is no foreign key: history outlives accounts, and removing
-- somebody need not rewrite it.  For a changed description the texts are not
-- kept; for a comment, `became` is its id.
CREATE TABLE activity (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	issue  INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
	actor  TEXT,
	field  TEXT NOT NULL
	       CONSTRAINT field CHECK (field IN ('created', 'title',
	         'description', 'state', 'priority', 'assignee', 'due',
	         'label', 'comment')),
	was    TEXT,
	became TEXT,
	at     TEXT NOT NULL
) STRICT;

CREATE INDEX activity_issue ON activity (issue, id);

CREATE TRIGGER activity_created AFTER INSERT ON issues
BEGIN
	INSERT INTO activity (issue, actor, field, became, at)
	VALUES (new.id, new.created_by, 'created', new.title, new.created);
END;

-- Only edits raise the version; an assignee unset because the account is gone
-- is nobody's deed.
CREATE TRIGGER activity_changed AFTER UPDATE ON issues
WHEN new.version > old.version
BEGIN
	INSERT INTO activity (issue, actor, field, was, became, at)
	SELECT new.id, new.updated_by, field, was, became, new.updated
	  FROM (SELECT 'title' AS field, old.title AS was, new.title AS became
	        UNION ALL SELECT 'state', old.state, new.state
	        UNION ALL SELECT 'priority', old.priority, new.priority
	        UNION ALL SELECT 'assignee', old.assignee, new.assignee
	        UNION ALL SELECT 'due', old.due, new.due)
	 WHERE was IS NOT became;

	INSERT INTO activity (issue, actor, field, at)
	SELECT new.id, new.updated_by, 'description', new.updated
	 WHERE new.description <> old.description;
END;

CREATE TRIGGER activity_comment AFTER INSERT ON comments
BEGIN
	INSERT INTO activity (issue, actor, field, became, at)
	VALUES (new.issue, new.author, 'comment', new.id, new.created);
END;
