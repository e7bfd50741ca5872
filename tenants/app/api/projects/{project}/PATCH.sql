-- Changes a project's name or description, archives it or takes it out again.
-- access: admin
-- param: version integer required
-- param: name text optional max 80
-- param: description text optional max 2000
-- param: archived boolean optional
-- returns: one
UPDATE projects
   SET version = :version + 1, updated = @now,
       name = iif(@has_name, trim(:name), name),
       description = iif(@has_description, :description, description),
       archived = iif(@has_archived, iif(:archived, @now, NULL), archived)
 WHERE key = :project
RETURNING key, name, description, archived, version, created, updated;
