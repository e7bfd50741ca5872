-- Full-text search.  The indexes hold no copy of the texts (external content):
-- the triggers below keep them in step.  A word is found in any case, without
-- its accents, and from its first letters.

CREATE VIRTUAL TABLE issue_text USING fts5 (title, description,
	content = 'issues', content_rowid = 'id',
	tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');

CREATE VIRTUAL TABLE comment_text USING fts5 (body,
	content = 'comments', content_rowid = 'id',
	tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');

-- A word in the title weighs more than one in the description.
INSERT INTO issue_text (issue_text, rank) VALUES ('rank', 'bm25(8.0, 2.0)');

CREATE TRIGGER issue_text_insert AFTER INSERT ON issues
BEGIN
	INSERT INTO issue_text (rowid, title, description)
	VALUES (new.id, new.title, new.description);
END;

CREATE TRIGGER issue_text_delete AFTER DELETE ON issues
BEGIN
	INSERT INTO issue_text (issue_text, rowid, title, description)
	VALUES ('delete', old.id, old.title, old.description);
END;

CREATE TRIGGER issue_text_update AFTER UPDATE OF title, description ON issues
WHEN new.title <> old.title OR new.description <> old.description
BEGIN
	INSERT INTO issue_text (issue_text, rowid, title, description)
	VALUES ('delete', old.id, old.title, old.description);
	INSERT INTO issue_text (rowid, title, description)
	VALUES (new.id, new.title, new.description);
END;

CREATE TRIGGER comment_text_insert AFTER INSERT ON comments
BEGIN
	INSERT INTO comment_text (rowid, body) VALUES (new.id, new.body);
END;

CREATE TRIGGER comment_text_delete AFTER DELETE ON comments
BEGIN
	INSERT INTO comment_text (comment_text, rowid, body)
	VALUES ('delete', old.id, old.body);
END;

CREATE TRIGGER comment_text_update AFTER UPDATE OF body ON comments
WHEN new.body <> old.body
BEGIN
	INSERT INTO comment_text (comment_text, rowid, body)
	VALUES ('delete', old.id, old.body);
	INSERT INTO comment_text (rowid, body) VALUES (new.id, new.body);
END;
