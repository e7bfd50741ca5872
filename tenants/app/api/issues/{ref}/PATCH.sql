-- Changes what is sent, if nobody has changed the issue since that version.
-- access: member
-- param: version integer required
-- param: title text optional max 200
-- param: description text optional max 20000
-- param: state text optional one of backlog, todo, doing, done, cancelled
-- param: priority integer optional min 0 max 4
-- param: assignee text optional max 40
-- param: due text optional max 10
-- returns: one
-- json: labels
UPDATE issues
   SET version = :version + 1, updated = @now, updated_by = @user_id,
       title = iif(@has_title, trim(:title), title),
       description = iif(@has_description, :description, description),
       state = iif(@has_state, :state, state),
       priority = iif(@has_priority, :priority, priority),
       assignee = iif(@has_assignee, :assignee, assignee),
       due = iif(@has_due, :due, due)
 WHERE ref = :ref;

SELECT * FROM issue_pages WHERE ref = :ref;
