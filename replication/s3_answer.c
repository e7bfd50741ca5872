#include "replication/s3_answer.h"

#include <string.h>

#include "replication/s3_xml.h"
#include "tenants/base/str.h"

/* What does not fit is cut: these are texts for people. */
static void
keep(struct str text, char *out, size_t size)
{
	(void)str_copy(str_sub(text, 0, size - 1), out, size);
	for (; *out; out++)
		if ((unsigned char)*out < ' ')
			*out = ' ';
}

static int
not_a(const char *what, struct err *err)
{
	return err_set(err, ERR_CORRUPT, "the answer is no %s", what);
}

/* --- errors -------------------------------------------------------------- */

static void
note_error(struct s3_error *error, struct str name, struct str text)
{
	if (str_is(name, "Code"))
		keep(text, error->code, sizeof error->code);
	else if (str_is(name, "Message"))
		keep(text, error->message, sizeof error->message);
	else if (str_is(name, "Region"))
		keep(text, error->region, sizeof error->region);
	else if (str_is(name, "Key"))
		keep(text, error->key, sizeof error->key);
}

struct error_reader {
	struct s3_error *out;
	int found;
};

static int
see_error(void *arg, struct str parent, struct str name, struct str text,
    struct err *err)
{
	struct error_reader *reader = arg;

	(void)err;
	if (str_is(parent, "Error"))
		note_error(reader->out, name, text);
	else if (parent.n == 0 && str_is(name, "Error"))
		reader->found = 1;
	return 0;
}

int
s3_answer_error(struct str body, struct s3_error *out)
{
	struct error_reader reader = { .out = out };
	struct err err = ERR_INIT;

	*out = (struct s3_error){ .code = "" };
	return s3_xml_parse(body, see_error, &reader, &err) == 0 &&
	       reader.found;
}

/* --- lists --------------------------------------------------------------- */

struct list_reader {
	struct s3_listing *listing;
	char key[1100]; /* of the <Contents> at hand; S3's are up to 1024 */
	int64_t size;
	int has_key, found;
};

static int
see_content(struct list_reader *reader, struct str name, struct str text,
    struct err *err)
{
	if (str_is(name, "Key")) {
		if (str_copy(text, reader->key, sizeof reader->key) != 0 ||
		    strlen(reader->key) != text.n)
			return err_set(err, ERR_CORRUPT, "a key too long");
		reader->has_key = 1;
	} else if (str_is(name, "Size")) {
		if (str_i64(str_trim(text), &reader->size) != 0 ||
		    reader->size < 0)
			return err_set(err, ERR_CORRUPT, "a size that is none");
	}
	return 0;
}

static int
see_list(void *arg, struct str parent, struct str name, struct str text,
    struct err *err)
{
	struct list_reader *reader = arg;
	struct s3_listing *listing = reader->listing;

	if (str_is(parent, "Contents"))
		return see_content(reader, name, text, err);
	if (str_is(parent, "CommonPrefixes"))
		return str_is(name, "Prefix") && listing->prefix
			   ? listing->prefix(listing->arg, text, err)
			   : 0;
	if (parent.n == 0)
		reader->found = str_is(name, "ListBucketResult");
	if (!str_is(parent, "ListBucketResult"))
		return 0;
	if (str_is(name, "Contents")) {
		int has_key = reader->has_key;

		if (!has_key || reader->size < 0)
			return err_set(
			    err, ERR_CORRUPT, "an object without name or size");
		reader->has_key = 0;
		text = str_of(reader->key);
		if (listing->key &&
		    listing->key(listing->arg, text, reader->size, err) != 0)
			return -1;
		reader->size = -1;
	} else if (str_is(name, "IsTruncated")) {
		listing->truncated = str_is(str_trim(text), "true");
	} else if (str_is(name, "NextContinuationToken")) {
		if (str_copy(text, listing->token, sizeof listing->token) != 0)
			return err_set(err, ERR_CORRUPT, "a token too long");
	}
	return 0;
}

int
s3_answer_list(struct str body, struct s3_listing *listing, struct err *err)
{
	struct list_reader reader = { .listing = listing, .size = -1 };

	listing->truncated = 0;
	listing->token[0] = '\0';
	if (s3_xml_parse(body, see_list, &reader, err) != 0)
		return -1;
	if (!reader.found)
		return not_a("list", err);
	if (listing->truncated && !listing->token[0])
		return err_set(
		    err, ERR_CORRUPT, "a list that goes on, and not where");
	return 0;
}

/* --- deletes ------------------------------------------------------------- */

struct delete_reader {
	struct s3_error error;
	int (*failed)(void *arg, const struct s3_error *error);
	void *arg;
	int found;
};

static int
see_delete(void *arg, struct str parent, struct str name, struct str text,
    struct err *err)
{
	struct delete_reader *reader = arg;

	(void)err;
	if (str_is(parent, "Error")) {
		note_error(&reader->error, name, text);
	} else if (str_is(parent, "DeleteResult") && str_is(name, "Error")) {
		int rc = reader->failed(reader->arg, &reader->error);

		reader->error = (struct s3_error){ .code = "" };
		return rc;
	} else if (parent.n == 0) {
		reader->found = str_is(name, "DeleteResult");
	}
	return 0;
}

int
s3_answer_deleted(struct str body,
    int (*failed)(void *arg, const struct s3_error *error), void *arg,
    struct err *err)
{
	struct delete_reader reader = { .failed = failed, .arg = arg };

	if (s3_xml_parse(body, see_delete, &reader, err) != 0)
		return -1;
	return reader.found ? 0 : not_a("result of a delete", err);
}

/* --- multipart ----------------------------------------------------------- */

/* One text of one element below a root of that name. */
struct leaf {
	const char *root, *name;
	char *out;
	size_t size;
	int found, too_long;
};

static int
see_leaf(void *arg, struct str parent, struct str name, struct str text,
    struct err *err)
{
	struct leaf *leaf = arg;

	(void)err;
	if (parent.n == 0)
		leaf->found = str_is(name, leaf->root);
	else if (str_is(parent, leaf->root) && str_is(name, leaf->name))
		leaf->too_long = str_copy(text, leaf->out, leaf->size) != 0;
	return 0;
}

static int
read_leaf(struct str body, struct leaf *leaf, struct err *err)
{
	leaf->out[0] = '\0';
	if (s3_xml_parse(body, see_leaf, leaf, err) != 0)
		return -1;
	return leaf->found && !leaf->too_long ? 0 : not_a(leaf->root, err);
}

int
s3_answer_upload(struct str body, char out[S3_UPLOAD], struct err *err)
{
	struct leaf leaf = { .root = "InitiateMultipartUploadResult",
		.name = "UploadId",
		.out = out,
		.size = S3_UPLOAD };

	if (read_leaf(body, &leaf, err) != 0)
		return -1;
	return out[0] ? 0 : not_a(leaf.root, err);
}

int
s3_answer_completed(struct str body, char *etag, size_t size, struct err *err)
{
	struct leaf leaf = { .root = "CompleteMultipartUploadResult",
		.name = "ETag",
		.out = etag,
		.size = size };

	return read_leaf(body, &leaf, err);
}

struct uploads_reader {
	char key[1100], id[S3_UPLOAD];
	int (*upload)(void *arg, struct str key, struct str id);
	void *arg;
	int found;
};

static int
see_upload(void *arg, struct str parent, struct str name, struct str text,
    struct err *err)
{
	struct uploads_reader *reader = arg;

	(void)err;
	if (parent.n == 0)
		reader->found = str_is(name, "ListMultipartUploadsResult");
	else if (str_is(parent, "Upload") && str_is(name, "Key"))
		keep(text, reader->key, sizeof reader->key);
	else if (str_is(parent, "Upload") && str_is(name, "UploadId"))
		keep(text, reader->id, sizeof reader->id);
	else if (str_is(name, "Upload"))
		return reader->upload(
		    reader->arg, str_of(reader->key), str_of(reader->id));
	return 0;
}

int
s3_answer_uploads(struct str body,
    int (*upload)(void *arg, struct str key, struct str id), void *arg,
    struct err *err)
{
	struct uploads_reader reader = { .upload = upload, .arg = arg };

	if (s3_xml_parse(body, see_upload, &reader, err) != 0)
		return -1;
	return reader.found ? 0 : not_a("list of uploads", err);
}
