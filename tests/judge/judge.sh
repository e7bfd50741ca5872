# shellcheck shell=sh disable=SC2034,SC2154
# tests/judge/judge.sh: judges that others wrote, of npm.  Sourced after
# tests/lib.sh.
#
# litestream-vfs, which the makers of Litestream publish, is a reader of our
# replicas: an extension of SQLite that reads one, and whose hydration writes
# the whole database to a file.  pocketbase is the client of PocketBase.  They
# are fetched once into ROWHOUSE_TEST_CACHE, or to where the programs were built.

LITESTREAM_VFS=0.5.17		# of the package; reads LZ4 blocks from 0.5.16 on
POCKETBASE=0.28.1

# judge_fetch PACKAGE VERSION	sets home, or WHY it is not to be had
judge_fetch() {
	command -v npm >/dev/null || {
		WHY='there is no npm; on Debian: apt-get install npm'
		return 1
	}
	home=${ROWHOUSE_TEST_CACHE:-$O/judges}/$1-$2
	[ ! -d "$home" ] || return 0
	mkdir -p "$home.$$"
	timeout 120 npm install --prefix "$home.$$" --cache "$SCRATCH/npm" \
		--ignore-scripts --no-audit --no-fund "$1@$2" >npm.log 2>&1 || {
		WHY="npm cannot fetch $1 $2: $(tail -n 1 npm.log)"
		return 1
	}
	# whoever is first; the package is the same
	mv -T "$home.$$" "$home" 2>/dev/null || rm -rf "$home.$$"
}

# judge_find	sets VFS, or WHY there is none
judge_find() {
	judge_fetch litestream-vfs "$LITESTREAM_VFS" || return 1
	VFS=$(find "$home" -name 'litestream-vfs.so' | head -n 1)
	[ -n "$VFS" ] || {
		WHY="litestream-vfs $LITESTREAM_VFS has nothing for $(uname -m)"
		return 1
	}
	mkdir -p nothing
	LITESTREAM_REPLICA_URL=file://$SCRATCH/nothing \
		sqlite3 :memory: ".load $VFS" >load.log 2>&1 || {
		WHY="sqlite3 cannot load it: $(head -n 1 load.log)"
		return 1
	}
}

# judge_ask REPLICA SQL…	of the newest state in a replica of one epoch: a
# directory, or an URL
judge_ask() {
	case $1 in
	*://*) judged=$1 ;;
	*) judged=file://$1 ;;
	esac
	shift
	LITESTREAM_REPLICA_URL=$judged LITESTREAM_LOG_FILE=$SCRATCH/judge.log \
	LITESTREAM_LOG_LEVEL=DEBUG timeout $((60 * PATIENCE)) \
		sqlite3 -bail :memory: ".load $VFS" ".open file:x.db?vfs=litestream" "$@"
}

# judge_hydrate REPLICA FILE	the whole database, as the judge restores it
judge_hydrate() {
	rm -f "$2" "$2.meta" judge.log
	# a .shell has its own idea of quotes
	cat >hydrated.sh <<-'END'
		until grep -q 'msg="hydration \(complete\|failed\)"' judge.log; do sleep 0.02; done
	END
	LITESTREAM_HYDRATION_ENABLED=true LITESTREAM_HYDRATION_PATH=$2 \
		judge_ask "$1" 'SELECT count(*) FROM sqlite_schema' \
		'.shell timeout 30 sh hydrated.sh' \
		>hydrate.log 2>&1
	grep -q 'msg="hydration complete"' judge.log && [ -s "$2" ]
}
