-- Corrects one's own comment.
-- access: member
-- param: id integer required
-- param: body text required max 10000
-- returns: one
UPDATE comments SET body = :body, edited = @now
 WHERE id = :id AND author = @user_id
RETURNING id, author, body, created, edited;
