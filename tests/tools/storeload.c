/*
 * storeload URL DIRECT SEED COUNT [stale] [damaged]
 *
 * COUNT operations on a store, chosen by SEED, many at once: objects are put,
 * put again, put with other bytes, got, listed and deleted, and _machine is
 * swapped.  URL may lead through anything that breaks requests.  Afterwards
 * what is there is compared, through DIRECT, with what had been said:
 *
 *	a put that was acknowledged is there, with its bytes
 *	a delete that was acknowledged is not
 *	what was neither acknowledged nor refused is there or not, but whole
 *	nothing else is there
 *
 * and on the way: a get that succeeds has the right bytes; a list has all that
 * was there all the while, once, in order (unless `stale`), and nothing that
 * never was; nobody hears of a conflict but he who puts other bytes.  Where
 * bytes may change on their way (`damaged`) an LTX file that is got may be
 * another, for it proves itself to its reader, but no other object.
 *
 * Prints each thing that is otherwise as "wrong: …", and exits 1; "error: …"
 * with how often for each text that an operation failed with; and a summary.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "replication/store.h"
#include "tenants/base/clock.h"
#include "tenants/base/file.h"

enum {
	SLUGS = 3,
	EPOCHS = 2,
	LEVELS = 3,
	TXIDS = 8,
	OBJECTS = SLUGS * EPOCHS * LEVELS * TXIDS,
	AT_ONCE = 24,
	PLACES = 200, /* of errors' texts */
	SLOW_MS = 150000
};

enum state { ABSENT, PRESENT, DOUBTFUL };

static const char *const state_names[] = { "absent", "present", "doubtful" };

struct object {
	struct store_key key;
	enum state state;
	long since; /* the operation that made it so */
	int busy;
};

enum deed { PUT, AGAIN, OTHER, GET, RANGE, LIST, EPOCHS_OF, DELETE, DEEDS };

static const char *const deed_names[] = { "put", "put again", "put other bytes",
	"get", "get a range", "list", "epochs", "delete" };

struct load;

struct work {
	struct load *load;
	struct store_op op;
	struct object *object;
	enum deed deed;
	long number; /* of the operation */
	int64_t begun_ms;
	struct buf got, want;
	char path[64];
	int listed[OBJECTS];
	int busy, calls;
};

struct load {
	struct store *store, *direct;
	struct object object[OBJECTS];
	struct work work[AT_ONCE];
	uint64_t random;
	long number, count, wrong, failed;
	size_t running;
	int64_t slowest_ms;
	long damaged;
	int stale, damage, verifying;
	struct {
		char text[600];
		long n;
	} error[PLACES];
	char machine[64], tried[64], version[STORE_VERSION];
};

static uint64_t
draw(struct load *load, uint64_t below)
{
	load->random =
	    load->random * 6364136223846793005u + 1442695040888963407u;
	return (load->random >> 33) % below;
}

static void __attribute__((format(printf, 3, 4)))
wrong(struct load *load, const struct work *work, const char *fmt, ...)
{
	char key[STORE_KEY_TEXT] = "";
	va_list args;

	load->wrong++;
	store_key_text(&work->op.key, key);
	printf("wrong: operation %ld, %s %s: ", work->number,
	    load->verifying ? "verify" : deed_names[work->deed], key);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

/* The bytes that an object has, whoever puts it and when. */
static void
content(const struct store_key *key, int other, struct buf *out)
{
	uint64_t v = key->epoch * 1000003 + key->max_txid * 7919 +
		     (uint64_t)key->level * 104729 + (uint64_t)key->slug[0];
	size_t n = v % 5 == 0 ? v * 37 % 200000 : v * 37 % 5000;

	buf_reset(out);
	for (size_t i = 0; i < n + 1; i++) {
		v = v * 6364136223846793005u + 1442695040888963407u;
		buf_putc(out, (char)(v >> 56));
	}
	if (other)
		out->p[out->n - 1] ^= 1;
}

/* --- what an operation says ------------------------------------------------ */

static int
take_data(struct store_op *op, const void *p, size_t n, struct err *err)
{
	struct work *work = op->arg;

	(void)err;
	buf_put(&work->got, p, n);
	return 0;
}

static struct object *
object_of(struct load *load, const struct store_key *key)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		struct object *o = &load->object[i];

		if (o->key.kind == key->kind &&
		    o->key.max_txid == key->max_txid &&
		    o->key.min_txid == key->min_txid &&
		    o->key.level == key->level && o->key.epoch == key->epoch &&
		    strcmp(o->key.slug, key->slug) == 0)
			return o;
	}
	return NULL;
}

static int
take_object(
    struct store_op *op, const struct store_object *listed, struct err *err)
{
	struct work *work = op->arg;
	struct load *load = work->load;
	struct object *object;
	char text[STORE_KEY_TEXT];

	(void)err;
	if (op->verb == STORE_EPOCHS) {
		if (listed->key.epoch < 1 || listed->key.epoch > EPOCHS)
			wrong(load, work, "epoch %x", listed->key.epoch);
		else
			work->listed[listed->key.epoch]++;
		return 0;
	}
	store_key_text(&listed->key, text);
	object = object_of(load, &listed->key);
	if (!object) {
		wrong(load, work, "%s is none of ours", text);
		return 0;
	}
	content(&object->key, 0, &work->want);
	if (listed->size != (int64_t)work->want.n)
		wrong(load, work, "%s has %lld bytes", text,
		    (long long)listed->size);
	if (object->state == ABSENT && !object->busy &&
	    object->since < work->number && !load->stale)
		wrong(load, work, "%s was not there", text);
	work->listed[object - load->object]++;
	return 0;
}

/* All that had been there before the list, and was still there after it. */
static void
check_list(struct load *load, struct work *work)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct object *o = &load->object[i];
		int here = strcmp(o->key.slug, work->op.key.slug) == 0 &&
			   o->key.epoch == work->op.key.epoch &&
			   o->key.kind == STORE_LTX &&
			   o->key.level == work->op.key.level;
		char text[STORE_KEY_TEXT];

		store_key_text(&o->key, text);
		if (work->listed[i] > (here ? 1 : 0))
			wrong(load, work, "%s %d times", text, work->listed[i]);
		if (here && !load->stale && o->state == PRESENT && !o->busy &&
		    o->since < work->number && work->listed[i] == 0)
			wrong(load, work, "%s is not in it", text);
	}
}

static void
check_epochs(struct load *load, struct work *work)
{
	for (size_t i = 0; i < OBJECTS; i++) {
		const struct object *o = &load->object[i];

		if (!load->stale && o->state == PRESENT && !o->busy &&
		    o->since < work->number &&
		    strcmp(o->key.slug, work->op.key.slug) == 0 &&
		    work->listed[o->key.epoch] == 0)
			wrong(
			    load, work, "epoch %x is not in it", o->key.epoch);
	}
}

static void
check_bytes(struct load *load, struct work *work)
{
	size_t from = (size_t)work->op.offset, n;

	content(&work->object->key, 0, &work->want);
	n = work->want.n - from;
	if (work->op.length > 0 && (size_t)work->op.length < n)
		n = (size_t)work->op.length;
	if (work->got.n == n &&
	    memcmp(work->got.p ? work->got.p : "", work->want.p + from, n) == 0)
		return;
	if (load->damage && !load->verifying &&
	    work->object->key.kind == STORE_LTX)
		load->damaged++;
	else if (work->got.n != n)
		wrong(load, work, "%zu bytes, not %zu", work->got.n, n);
	else
		wrong(load, work, "other bytes");
}

static void
note_error(struct load *load, struct work *work, const struct err *err)
{
	const char *at = err->msg;
	char text[600];

	load->failed++;
	if (err->msg[0] == '\0' || strchr(err->msg, '\n') ||
	    isupper((unsigned char)err->msg[0]))
		wrong(load, work, "failed with '%s'", err->msg);
	/* One text for all objects. */
	if (strncmp(at, "s3://", 5) == 0)
		at += 5 + strcspn(at + 5, ": ");
	snprintf(text, sizeof text, "[%s] %s", err_class(err->code)->name, at);
	for (size_t i = 0; i < PLACES; i++) {
		if (load->error[i].n == 0)
			snprintf(load->error[i].text,
			    sizeof load->error[i].text, "%s", text);
		if (strcmp(load->error[i].text, text) == 0) {
			load->error[i].n++;
			return;
		}
	}
}

static void
become(struct work *work, enum state state)
{
	work->object->state = state;
	work->object->since = ++work->load->number;
}

static void
judge_put(struct load *load, struct work *work, const struct err *err)
{
	int was = work->object->state;

	if (work->deed == OTHER) {
		if (err->code == ERR_NONE)
			wrong(load, work, "succeeded on what is there");
	} else if (err->code == ERR_NONE)
		become(work, PRESENT);
	else if (err->code == ERR_CONFLICT)
		wrong(load, work, "conflict with itself: %s", err->msg);
	else if (was != PRESENT)
		become(work, DOUBTFUL);
}

static void
judge_get(struct load *load, struct work *work, const struct err *err)
{
	if (err->code == ERR_NONE) {
		if (work->object->state == ABSENT)
			wrong(load, work, "what was not there was got");
		check_bytes(load, work);
	} else if (err->code == ERR_NOT_FOUND && work->object->state == PRESENT)
		wrong(load, work, "what was acknowledged is not found");
}

static void
finished(struct store_op *op, const struct err *err)
{
	struct work *work = op->arg;
	struct load *load = work->load;
	int64_t took = clock_mono_ms() - work->begun_ms;

	if (++work->calls != 1)
		wrong(load, work, "done %d times", work->calls);
	if (took > load->slowest_ms)
		load->slowest_ms = took;
	if (took > SLOW_MS)
		wrong(load, work, "took %lld ms", (long long)took);
	if (err->code != ERR_NONE && err->code != ERR_NOT_FOUND &&
	    !(work->deed == OTHER && err->code == ERR_CONFLICT))
		note_error(load, work, err);
	switch (work->deed) {
	case PUT:
	case AGAIN:
	case OTHER:
		judge_put(load, work, err);
		break;
	case GET:
	case RANGE:
		judge_get(load, work, err);
		break;
	case DELETE:
		become(work, err->code == ERR_NONE ? ABSENT : DOUBTFUL);
		break;
	case LIST:
		if (err->code == ERR_NONE)
			check_list(load, work);
		break;
	case EPOCHS_OF:
		if (err->code == ERR_NONE)
			check_epochs(load, work);
		break;
	case DEEDS:
		break;
	}
	if (work->path[0])
		unlink(work->path);
	if (work->object)
		work->object->busy = 0;
	work->busy = 0;
	load->running--;
}

/* --- choosing --------------------------------------------------------------- */

/* An object that nobody is at; NULL where chance does not find one. */
static struct object *
choose(struct load *load, enum state state)
{
	for (int i = 0; i < 50; i++) {
		struct object *o = &load->object[draw(load, OBJECTS)];

		if (!o->busy && o->state == state)
			return o;
	}
	return NULL;
}

static const int deeds[] = { PUT, PUT, PUT, PUT, AGAIN, OTHER, GET, GET, GET,
	RANGE, LIST, LIST, EPOCHS_OF, DELETE };

static void
begin_put(struct load *load, struct work *work)
{
	struct err err = ERR_INIT;

	content(&work->object->key, work->deed == OTHER, &work->want);
	buf_reset(&work->got);
	buf_put(&work->got, work->want.p, work->want.n);
	work->op.verb = STORE_PUT;
	work->op.time_ms = 1795428000123;
	work->op.bytes = buf_view(&work->got);
	if (draw(load, 2) == 0)
		return;
	snprintf(work->path, sizeof work->path, "storeload.%ld.%d",
	    (long)getpid(), (int)(work - load->work));
	if (file_replace(work->path, work->op.bytes, 0600, &err))
		err_die("%s", err.msg);
	work->op.path = work->path;
}

static void
begin(
    struct load *load, struct work *work, enum deed deed, struct object *object)
{
	work->deed = deed;
	work->object = object;
	work->number = ++load->number;
	work->path[0] = '\0';
	work->calls = 0;
	memset(work->listed, 0, sizeof work->listed);
	buf_reset(&work->got);
	memset(&work->op, 0, sizeof work->op);
	work->op.arg = work;
	work->op.data = take_data;
	work->op.object = take_object;
	work->op.done = finished;
	work->op.key =
	    object ? object->key : load->object[draw(load, OBJECTS)].key;
	switch (deed) {
	case PUT:
	case AGAIN:
	case OTHER:
		begin_put(load, work);
		break;
	case RANGE:
		content(&object->key, 0, &work->want);
		work->op.offset = (int64_t)draw(load, work->want.n);
		work->op.length = (int64_t)draw(load, work->want.n + 100);
		/* fall through */
	case GET:
		work->op.verb = STORE_GET;
		break;
	case LIST:
		work->op.verb = STORE_LIST;
		break;
	case EPOCHS_OF:
		work->op.verb = STORE_EPOCHS;
		break;
	case DELETE:
		work->op.verb = STORE_DELETE;
		break;
	case DEEDS:
		break;
	}
	if (object)
		object->busy = 1;
	work->busy = 1;
	load->running++;
	work->begun_ms = clock_mono_ms();
	store_submit(load->store, &work->op);
}

static void
next(struct load *load)
{
	enum deed deed =
	    (enum deed)deeds[draw(load, sizeof deeds / sizeof deeds[0])];
	struct object *object = NULL;
	struct work *work = load->work;

	while (work->busy)
		work++;
	if (deed == PUT)
		object = choose(load, draw(load, 3) == 0 ? DOUBTFUL : ABSENT);
	else if (deed == GET || deed == DELETE)
		object = choose(load, draw(load, 5) == 0 ? DOUBTFUL : PRESENT);
	else if (deed != LIST && deed != EPOCHS_OF)
		object = choose(load, PRESENT);
	if (!object && deed != LIST && deed != EPOCHS_OF)
		return;
	load->count--;
	begin(load, work, deed, object);
}

/* --- _machine ---------------------------------------------------------------- */

static int
now(struct store *store, struct work *work, enum store_verb verb,
    struct store_key key, struct err *err)
{
	err_clear(err);
	buf_reset(&work->got);
	memset(&work->op, 0, sizeof work->op);
	work->op.verb = verb;
	work->op.key = key;
	work->op.arg = work;
	work->op.data = take_data;
	work->op.object = take_object;
	return store_now(store, &work->op, err);
}

/* Read, and see that it is what was written last or may have been. */
static int
read_machine(struct load *load, struct store *store, struct work *work)
{
	struct store_key key = { .kind = STORE_MACHINE };
	struct err err;

	if (now(store, work, STORE_GET, key, &err)) {
		if (err.code != ERR_NOT_FOUND) {
			note_error(load, work, &err);
			return -1;
		}
		if (load->machine[0])
			wrong(load, work, "_machine is gone");
		load->version[0] = '\0';
		return 0;
	}
	if (!str_is(buf_view(&work->got), load->machine) &&
	    !str_is(buf_view(&work->got), load->tried))
		wrong(load, work, "_machine is '%.*s', not '%s' or '%s'",
		    STR_FMT(buf_view(&work->got)), load->machine, load->tried);
	snprintf(load->machine, sizeof load->machine, "%.*s",
	    STR_FMT(buf_view(&work->got)));
	memcpy(load->version, work->op.version, sizeof load->version);
	return 0;
}

static void
swap_machine(struct load *load, struct work *work, int n)
{
	struct err err = ERR_INIT;

	snprintf(load->tried, sizeof load->tried, "{\"machine\":%d}", n);
	memset(&work->op, 0, sizeof work->op);
	work->op.verb = STORE_PUT;
	work->op.key.kind = STORE_MACHINE;
	work->op.swap = 1;
	work->op.bytes = str_of(load->tried);
	memcpy(work->op.version, load->version, sizeof work->op.version);
	if (store_now(load->store, &work->op, &err) == 0) {
		memcpy(load->machine, load->tried, sizeof load->machine);
		memcpy(load->version, work->op.version, sizeof load->version);
		return;
	}
	if (err.code != ERR_CONFLICT)
		note_error(load, work, &err);
	for (int i = 0; i < 5 && read_machine(load, load->store, work); i++)
		;
}

/* --- what is there in the end ------------------------------------------------- */

static void
verify(struct load *load)
{
	struct work *work = &load->work[0];
	struct err err;

	load->verifying = 1;
	load->stale = 0;
	work->number = ++load->number;
	for (size_t i = 0; i < OBJECTS; i++) {
		struct object *o = &load->object[i];

		work->object = o;
		if (now(load->direct, work, STORE_GET, o->key, &err)) {
			if (err.code != ERR_NOT_FOUND || o->state == PRESENT)
				wrong(load, work, "%s: %s",
				    state_names[o->state], err.msg);
		} else if (o->state == ABSENT)
			wrong(load, work, "absent, and there");
		else
			check_bytes(load, work);
	}
	for (size_t i = 0; i < OBJECTS; i += TXIDS) {
		memset(work->listed, 0, sizeof work->listed);
		if (now(load->direct, work, STORE_LIST, load->object[i].key,
			&err))
			wrong(load, work, "%s", err.msg);
		check_list(load, work);
	}
	read_machine(load, load->direct, work);
}

static void
prepare(struct load *load, char **argv)
{
	static const char *const slugs[SLUGS] = { "acme", "globex",
		"_registry" };
	static const int levels[LEVELS] = { 0, 1, 9 };
	struct err err = ERR_INIT;

	load->store = store_open(argv[1], &err);
	load->direct = load->store ? store_open(argv[2], &err) : NULL;
	if (!load->direct)
		err_die("%s", err.msg);
	load->random = strtoull(argv[3], NULL, 10) * 2654435761u + 1;
	load->count = strtol(argv[4], NULL, 10);
	for (size_t i = 0; i < OBJECTS; i++) {
		struct store_key *key = &load->object[i].key;

		snprintf(key->slug, sizeof key->slug, "%s",
		    slugs[i / (EPOCHS * LEVELS * TXIDS)]);
		key->epoch = (uint32_t)(i / (LEVELS * TXIDS) % EPOCHS) + 1;
		key->level = levels[i / TXIDS % LEVELS];
		key->max_txid = i % TXIDS + 2;
		key->min_txid = key->level == 9 ? 1 : key->max_txid;
		if (i % (LEVELS * TXIDS) == 0) {
			key->kind = STORE_OWNER;
			key->min_txid = key->max_txid = 0;
		}
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		load->work[i].load = load;
		buf_init(&load->work[i].got, 1 << 20);
		buf_init(&load->work[i].want, 1 << 20);
	}
}

int
main(int argc, char **argv)
{
	struct load *load = calloc(1, sizeof *load);
	struct store_stats stats;
	int64_t begun = clock_mono_ms();
	long operations;

	if (argc < 5) {
		fputs("usage: storeload URL DIRECT SEED COUNT [stale] "
		      "[damaged]\n",
		    stderr);
		return 2;
	}
	if (!load)
		return 2;
	for (int i = 5; i < argc; i++) {
		load->stale |= strcmp(argv[i], "stale") == 0;
		load->damage |= strcmp(argv[i], "damaged") == 0;
	}
	prepare(load, argv);
	operations = load->count;
	for (int n = 1; load->count > 0; n++) {
		/* A swap, then a lot of others at once. */
		swap_machine(load, &load->work[0], n);
		for (long batch = 50; load->count > 0 && batch > 0; batch--) {
			while (load->running == AT_ONCE)
				store_poll(load->store, NULL, 0, 1000);
			next(load);
		}
		while (load->running > 0)
			store_poll(load->store, NULL, 0, 1000);
	}
	store_stats(load->store, &stats);
	verify(load);
	for (size_t i = 0; i < PLACES && load->error[i].n > 0; i++)
		printf("error: %ld times %s\n", load->error[i].n,
		    load->error[i].text);
	printf("%ld operations, %ld failed, %ld wrong, %ld damaged, %llu "
	       "retries, slowest "
	       "%lld ms, all in %lld ms\n",
	    operations, load->failed, load->wrong, load->damaged,
	    (unsigned long long)stats.retries, (long long)load->slowest_ms,
	    (long long)(clock_mono_ms() - begun));
	store_close(load->store);
	store_close(load->direct);
	return load->wrong > 0;
}
