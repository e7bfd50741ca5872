-- Says something about an issue.
-- access: member
-- param: body text required max 10000
-- returns: one
-- status: 201
INSERT INTO comments (issue, author, body, created)
SELECT id, @user_id, :body, @now FROM issues WHERE ref = :ref
RETURNING id, author, body, created, edited;
