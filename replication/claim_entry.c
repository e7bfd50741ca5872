#include "replication/claim_entry.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tenants/base/arena.h"
#include "tenants/base/file.h"
#include "tenants/base/json.h"

void
claim_entry_put(const struct claim_entry *entry, struct buf *out)
{
	int first = 1;

	buf_putc(out, '{');
	json_put_name(out, &first, "sequence");
	json_put_i64(out, (int64_t)entry->sequence);
	json_put_name(out, &first, "host");
	json_put_string(out, str_of(entry->host));
	json_put_name(out, &first, "house");
	json_put_string(out, str_of(entry->house));
	json_put_name(out, &first, "run");
	json_put_string(out, str_of(entry->run));
	json_put_name(out, &first, "place");
	json_put_string(out, str_of(entry->place));
	json_put_name(out, &first, "time");
	json_put_string(out, str_of(entry->time));
	json_put_name(out, &first, "confirm_ms");
	json_put_i64(out, entry->confirm_ms);
	json_put_name(out, &first, "released");
	json_put_i64(out, entry->released);
	json_put_name(out, &first, "replica");
	json_put_i64(out, entry->replica);
	if (entry->taken) {
		json_put_name(out, &first, "taken");
		json_put_i64(out, entry->taken);
	}
	if (entry->url[0]) {
		json_put_name(out, &first, "url");
		json_put_string(out, str_of(entry->url));
	}
	buf_puts(out, "}\n");
}

int
claim_entry_parse(
    struct str text, const char *name, struct claim_entry *out, struct err *err)
{
	const struct json_limits limits = { 4, 100 };
	struct arena *arena = arena_new(8 * CLAIM_ENTRY_MAX);
	const struct json *root;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (json_parse(text, limits, arena, &root, err) != 0 ||
	    root->type != JSON_OBJECT)
		goto out;
	out->sequence = (uint64_t)json_get_i64(root, "sequence", INT64_MAX);
	json_get_text(root, "host", out->host, sizeof out->host);
	json_get_text(root, "house", out->house, sizeof out->house);
	json_get_text(root, "run", out->run, sizeof out->run);
	json_get_text(root, "place", out->place, sizeof out->place);
	json_get_text(root, "time", out->time, sizeof out->time);
	json_get_text(root, "url", out->url, sizeof out->url);
	out->confirm_ms = json_get_i64(root, "confirm_ms", INT64_MAX);
	out->released = json_get_i64(root, "released", INT64_MAX) != 0;
	out->replica = (uint32_t)json_get_i64(root, "replica", UINT32_MAX);
	out->taken = json_get_i64(root, "taken", 1) != 0;
	if (out->sequence > 0 && out->run[0])
		rc = 0;
out:
	arena_free(arena);
	if (rc != 0)
		err_set(err, ERR_CORRUPT, "%s: is not a claim", name);
	return rc;
}

int
claim_entry_same(const struct claim_entry *a, const struct claim_entry *b)
{
	return a->sequence == b->sequence && strcmp(a->run, b->run) == 0;
}

void
claim_entry_place(const struct config *config, char out[CLAIM_ENTRY_PLACE])
{
	char boot[64] = "";
	struct stat st;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, boot, sizeof boot - 1) : 0;

	file_drop(&fd);
	boot[n > 0 ? n : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
	if (boot[0] == '\0' || stat(config->data, &st) != 0)
		crypto_id(out, CRYPTO_ID);
	else
		snprintf(out, CLAIM_ENTRY_PLACE, "%s %llx %llx", boot,
		    (unsigned long long)st.st_dev,
		    (unsigned long long)st.st_ino);
}
