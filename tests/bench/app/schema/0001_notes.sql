-- The smallest application there is something to measure with.
CREATE TABLE notes (
	id   INTEGER PRIMARY KEY,
	body TEXT NOT NULL
) STRICT;

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
INSERT INTO notes (id, body)
SELECT i, 'note ' || i || ': a line of text as long as a line of text is' FROM n;
