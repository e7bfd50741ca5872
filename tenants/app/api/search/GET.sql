-- Issues in whose texts or comments every word of q begins a word, best first;
-- the places are marked with U+0002 … U+0003.
-- access: member
-- param: q text required max 200
-- param: limit integer default 30 min 1 max 50
-- returns: many
WITH asked (words) AS (SELECT '"'
       || replace(replace(trim(:q), '"', ' '), ' ', '"* "') || '"*'),
     hits (issue, score, title, excerpt) AS (
       SELECT * FROM
        (SELECT rowid, rank, highlight(issue_text, 0, char(2), char(3)),
                snippet(issue_text, 1, char(2), char(3), '…', 20)
           FROM issue_text WHERE issue_text MATCH (SELECT words FROM asked)
          ORDER BY rank LIMIT 200)
        UNION ALL
       SELECT * FROM
        (SELECT c.issue, t.rank, NULL,
                snippet(comment_text, 0, char(2), char(3), '…', 20)
           FROM comment_text t JOIN comments c ON c.id = t.rowid
          WHERE comment_text MATCH (SELECT words FROM asked)
          ORDER BY t.rank LIMIT 200)
        UNION ALL
       SELECT id, -1e9, NULL, '' FROM issues WHERE ref = upper(trim(:q)))
SELECT i.ref, i.project, i.state, i.priority, i.assignee,
       coalesce(h.title, i.title) AS title, h.excerpt, min(h.score) AS score
  FROM hits h JOIN issues i ON i.id = h.issue
 GROUP BY i.id ORDER BY score LIMIT :limit;
