-- Takes one's own comment back; an admin takes back anybody's.
-- access: member
-- param: id integer required
-- returns: none
DELETE FROM comments
 WHERE id = :id AND (author = @user_id OR @role IN ('admin', 'owner'))
RETURNING id;
