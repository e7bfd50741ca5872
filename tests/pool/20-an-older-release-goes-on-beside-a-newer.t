#!/bin/sh
# In a deploy with a migration the old workers go on with a file that the new
# ones have migrated, for reading and writing, as long as every endpoint of theirs
# can be prepared on it; else they say why not.
. "$(dirname "$0")/lib.sh"

# the old release, from its own folder; the new one at another socket
pool_new 'workers = 1' 'worker.requests = 1000000'
tenant_new globex
tenant_new initech
cp -R app new
cat >new/schema/0002_more.sql <<'END'
ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'white';
END
cat >new/api/notes/GET.sql <<'END'
-- access: public
-- returns: many
SELECT id, text, colour FROM notes ORDER BY id LIMIT 10;
END
mkdir run2
sed -e 's/^app = .*/app = new/' -e 's/^run = .*/run = run2/' "$CONF" >new.conf
version() {	# SLUG
	sqlite3 -readonly "$(db_of "$1")" 'PRAGMA user_version'
}
old() {		# ARGUMENT…
	SOCKET=$RUN/fcgi.sock
	send "$@"
}
new() {		# ARGUMENT…
	SOCKET=$SCRATCH/run2/fcgi.sock
	send "$@"
}
note_of() {	# SLUG TEXT
	printf '{"text":"%s"}' "$2"
}

# a worker of the new release, by itself: there is one pool for a data directory
new_start() {
	rm -f run2/fcgi.sock
	background "$SCRATCH/new.log" perl -MIO::Socket::UNIX -MPOSIX -e '
		my $s = IO::Socket::UNIX->new(Local => shift, Listen => 64) or die;
		dup2(fileno($s), 0); exec @ARGV' "$SCRATCH/run2/fcgi.sock" \
		"$ROWHOUSE" worker -c "$SCRATCH/new.conf"
	NEW=$pid
	wait_for 20 accepts "$SCRATCH/run2/fcgi.sock" ||
		bail 'the new release does not serve'
}

pool_start
old -t acme -d "$(note_of acme before)" POST /api/notes
is 'the old release writes' "$status" 201
new_start

new -t acme GET /api/notes
is 'the new one migrates a tenant that the old one has open' "$status $(version acme)" '200 2'
like '  and serves it' "$body" '"colour":"white"'
for i in 1 2 3; do
	old -t acme -d "$(note_of acme "open $i")" POST /api/notes
	is "the old one goes on writing ($i)" "$status" 201
	old -t acme GET /api/notes
	is '  and reading' "$status" 200
done
new -t globex GET /api/notes
is 'one that the old release has not open' "$status $(version globex)" '200 2'
old -t globex -d "$(note_of globex later)" POST /api/notes
is 'is written by it' "$status" 201
old -t globex GET /api/notes
like '  and read' "$status $body" '^200 .*later'
new -t globex GET /api/notes
like 'which the new release sees' "$body" 'later.*white'
is 'nobody has gone back' "$(version acme) $(version globex)" '2 2'

# something that the old one cannot do without
cat >new/schema/0003_less.sql <<'END'
ALTER TABLE notes RENAME COLUMN text TO words;
END
sed -i 's/text, colour/words AS text, colour/' new/api/notes/GET.sql
sed -i 's/(text) VALUES (:text) RETURNING id, text/(words) VALUES (:text) RETURNING id, words AS text/' \
	new/api/notes/POST.sql
sed -i 's/SELECT id, text/SELECT id, words AS text/' 'new/api/notes/{id}/GET.sql'
stop "$NEW"
new_start
new -t acme GET /api/notes
is 'a migration that takes a column away' "$status $(version acme)" '200 3'
for i in 1 2 3; do
	old -t acme GET /api/notes
	is "the old release refuses that tenant, which it has open ($i)" "$status" 503
	unlike '  and tells clients nothing of our inside' "$body" 'notes'
	old -t acme GET /api/mine
	is '  whatever is asked for' "$status" 503
done
old -t acme GET /api/slow
is 'an endpoint that could be prepared is refused, too' "$status" 503
ok '  and the log has the reason' logged 'is at migration 3 and the application at 1: .*no such column: text'
old -t globex GET /api/notes
is 'who was not migrated to there is still served' "$status" 200
old -t initech -d "$(note_of initech x)" POST /api/notes
is '  and who was not migrated at all' "$status $(version initech)" '201 1'

# Rowhouse's own part
own() {		# SLUG VERSION LEAST
	sqlite3 "$(db_of "$1")" "INSERT OR REPLACE INTO _meta VALUES
		('system_schema', '$2'), ('system_schema_least', '$3')"
}
pool_stop
now=$(sqlite3 -readonly "$(db_of initech)" \
	"SELECT value FROM _meta WHERE key = 'system_schema'")
pool_start
own initech $((now + 1)) "$now"
old -t initech GET /api/notes
is 'a file of a newer Rowhouse that lets this one serve it' "$status" 200
own globex $((now + 1)) $((now + 1))
old -t globex GET /api/notes
is '  and one that does not' "$status" 503
ok '  which the log explains' logged "system schema $((now + 1)), which only releases from $((now + 1)) on"

done_testing
