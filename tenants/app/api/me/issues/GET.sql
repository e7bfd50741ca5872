-- My work: what is open and assigned to me, most urgent first.
-- access: member
-- param: priority integer default 4 min 0 max 4
-- param: before integer default 9007199254740991
-- param: limit integer default 100 min 1 max 200
-- returns: many
-- json: labels
SELECT * FROM issue_cards
 WHERE assignee = @user_id AND state IN ('backlog', 'todo', 'doing')
   AND (priority, id) < (:priority, :before)
 ORDER BY priority DESC, id DESC LIMIT :limit;
