-- Projects, their issues, and what people say about them.
--
-- Rowhouse's own tables are there already: _users, which foreign keys may
-- point at, and the view users(id, name, role).  A CHECK bears the name of its
-- field, so that a refusal can name it.  Ids are never given out twice
-- (AUTOINCREMENT): a page left open must not edit somebody else's new row.

CREATE TABLE projects (
	key         TEXT NOT NULL PRIMARY KEY
	            CONSTRAINT key CHECK (length(key) BETWEEN 2 AND 8
	              AND key GLOB '[A-Z]*' AND key NOT GLOB '*[^A-Z0-9]*'),
	name        TEXT NOT NULL
	            CONSTRAINT name CHECK (trim(name) <> ''
	              AND length(name) <= 80),
	description TEXT NOT NULL DEFAULT ''
	            CONSTRAINT description CHECK (length(description) <= 2000),
	archived    TEXT,                         -- since when
	last_number INTEGER NOT NULL DEFAULT 0,   -- of its issues; only grows
	version     INTEGER NOT NULL DEFAULT 1,
	created     TEXT NOT NULL,
	updated     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE issues (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	project     TEXT NOT NULL REFERENCES projects (key) ON DELETE CASCADE,
	number      INTEGER NOT NULL,
	ref         TEXT NOT NULL UNIQUE          -- WEB-12
	            CHECK (ref = project || '-' || number),
	title       TEXT NOT NULL
	            CONSTRAINT title CHECK (trim(title) <> ''
	              AND length(title) <= 200),
	description TEXT NOT NULL DEFAULT ''
	            CONSTRAINT description CHECK (length(description) <= 20000),
	state       TEXT NOT NULL DEFAULT 'backlog'
	            CONSTRAINT state CHECK (state IN
	              ('backlog', 'todo', 'doing', 'done', 'cancelled')),
	priority    INTEGER NOT NULL DEFAULT 0    -- 0 none … 4 urgent
	            CONSTRAINT priority CHECK (priority BETWEEN 0 AND 4),
	assignee    TEXT REFERENCES _users (id) ON DELETE SET NULL,
	due         TEXT
	            CONSTRAINT due CHECK (due GLOB '????-??-??'
	              AND due IS date(due, '+0 days')),
	version     INTEGER NOT NULL DEFAULT 1,
	created     TEXT NOT NULL,
	created_by  TEXT REFERENCES _users (id) ON DELETE SET NULL,
	updated     TEXT NOT NULL,
	updated_by  TEXT REFERENCES _users (id) ON DELETE SET NULL
) STRICT;

-- A column of the board in its order; a project newest first; a person's work.
CREATE INDEX issues_board ON issues (project, state, priority, id);
CREATE INDEX issues_newest ON issues (project, id);
CREATE INDEX issues_assignee ON issues (assignee, state, priority, id);

CREATE TABLE comments (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
	author      TEXT REFERENCES _users (id) ON DELETE SET NULL,
	body        TEXT NOT NULL
	            CONSTRAINT body CHECK (trim(body) <> ''
	              AND length(body) <= 10000),
	created     TEXT NOT NULL,
	edited      TEXT
) STRICT;

CREATE INDEX comments_issue ON comments (issue, id);

CREATE TABLE labels (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	name        TEXT NOT NULL COLLATE NOCASE UNIQUE
	            CONSTRAINT name CHECK (trim(name) <> ''
	              AND length(name) <= 40),
	colour      TEXT NOT NULL DEFAULT '#64748b'
	            CONSTRAINT colour CHECK (length(colour) = 7
	              AND colour GLOB '#*' AND substr(colour, 2)
	              NOT GLOB '*[^0-9a-f]*')
) STRICT;

CREATE TABLE issue_labels (
	issue       INTEGER NOT NULL REFERENCES issues (id) ON DELETE CASCADE,
	label       INTEGER NOT NULL REFERENCES labels (id) ON DELETE CASCADE,
	PRIMARY KEY (issue, label)
) STRICT, WITHOUT ROWID;

CREATE INDEX issue_labels_label ON issue_labels (label, issue);

-- Nobody overwrites what he has not seen: who edits says which version he
-- edits, and the row's version may only go up by one.  'conflict: …' is
-- answered with 409, any other RAISE with 400.
CREATE TRIGGER issues_version BEFORE UPDATE OF version ON issues
WHEN new.version <> old.version + 1
BEGIN
	SELECT RAISE(ABORT,
	    'conflict: somebody else has changed this issue meanwhile');
END;

CREATE TRIGGER projects_version BEFORE UPDATE OF version ON projects
WHEN new.version <> old.version + 1
BEGIN
	SELECT RAISE(ABORT,
	    'conflict: somebody else has changed this project meanwhile');
END;

CREATE TRIGGER issues_archived BEFORE INSERT ON issues
WHEN EXISTS (SELECT 1 FROM projects
              WHERE key = new.project AND archived IS NOT NULL)
BEGIN
	SELECT RAISE(ABORT,
	    'conflict: the project is archived: it takes no new issues');
END;

CREATE TRIGGER projects_kept BEFORE DELETE ON projects
WHEN old.archived IS NULL
BEGIN
	SELECT RAISE(ABORT,
	    'conflict: archive the project before you delete it');
END;

-- What lists show of an issue, and what its own page shows besides.
CREATE VIEW issue_cards AS
SELECT i.id, i.ref, i.project, i.number, i.title, i.state, i.priority,
       i.assignee, u.name AS assignee_name, i.due, i.version,
       i.created, i.updated,
       (SELECT count(*) FROM comments WHERE issue = i.id) AS comments,
       (SELECT json_group_array(json_object(
                 'id', id, 'name', name, 'colour', colour))
          FROM (SELECT l.id, l.name, l.colour
                  FROM issue_labels il JOIN labels l ON l.id = il.label
                 WHERE il.issue = i.id ORDER BY l.name)) AS labels
  FROM issues i LEFT JOIN users u ON u.id = i.assignee;

CREATE VIEW issue_pages AS
SELECT c.*, i.description, i.created_by, u.name AS created_by_name
  FROM issue_cards c JOIN issues i ON i.id = c.id
  LEFT JOIN users u ON u.id = i.created_by;
