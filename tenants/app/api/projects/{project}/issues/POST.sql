-- A new issue, under the project's next number; labels are their ids.
-- access: member
-- param: title text required max 200
-- param: description text optional max 20000
-- param: state text default backlog one of backlog, todo, doing, done, cancelled
-- param: priority integer default 0 min 0 max 4
-- param: assignee text optional max 40
-- param: due text optional max 10
-- param: labels json optional
-- returns: one
-- json: labels
-- status: 201
UPDATE projects SET last_number = last_number + 1 WHERE key = :project;

INSERT INTO issues (project, number, ref, title, description, state, priority,
       assignee, due, created, created_by, updated, updated_by)
SELECT key, last_number, key || '-' || last_number, trim(:title),
       coalesce(:description, ''), :state, :priority, :assignee, :due,
       @now, @user_id, @now, @user_id
  FROM projects WHERE key = :project;

INSERT INTO issue_labels (issue, label)
SELECT DISTINCT i.id, value
  FROM projects p
  JOIN issues i ON i.ref = p.key || '-' || p.last_number
  JOIN json_each(:labels)
 WHERE p.key = :project;

SELECT * FROM issue_pages
 WHERE ref = (SELECT key || '-' || last_number FROM projects
               WHERE key = :project);
