-- An issue (WEB-12) with all there is to it.
-- access: member
-- returns: one
-- json: labels
SELECT * FROM issue_pages WHERE ref = :ref;
