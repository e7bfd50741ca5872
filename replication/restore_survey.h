#ifndef ROWHOUSE_RESTORE_SURVEY_H
#define ROWHOUSE_RESTORE_SURVEY_H

#include "replication/restore.h"
#include "tenants/base/config.h"
#include "tenants/layout.h"
#include "tenants/registry.h"

/*
 * What it takes to bring a machine back: its registry at a point, every tenant
 * that is in it then, and the room on the disk.  Changes nothing but a scratch
 * directory in $TMPDIR, for a registry that is not there yet.
 */
struct restore_survey_tenant {
	char slug[SLUG_MAX + 1];
	enum registry_state state;
	uint32_t incarnation;	/* that the registry calls current */
	int there;		/* its file is: an earlier call has restored it */
	int64_t size;		/* of its file, there or to come */
	/* Of one that is to come, the state that it gets; a txid of 0 … */
	uint32_t epoch;
	uint64_t txid;
	int64_t time_ms;
	size_t objects;
	int64_t bytes;		/* to be fetched */
	char *why;		/* … where none can be planned, and why; or NULL */
};

struct restore_survey {
	/* in */
	const struct config *config;
	const char *url;
	enum restore_point point;	/* RESTORE_LATEST or RESTORE_TIME */
	int64_t time_ms;
	int jobs;			/* looked at at once */
	/* out */
	struct restore_survey_tenant registry;
	struct layout_path registry_copy;	/* a file; "" where it is there */
	/*
	 * Those to come, the hottest first: whose state is the newest, at that
	 * point, was written to last, and is waited for by most.  Those without
	 * a plan are the last of them.  Then those that are there, by slug.
	 */
	struct restore_survey_tenant *tenant;
	size_t n, to_come, unplanned;
	size_t deleted;		/* in the registry, and left in the replica */
	size_t objects;		/* of all that are to come, and the registry … */
	int64_t bytes;		/* … to be fetched … */
	int64_t size;		/* … and what becomes of it */
	/*
	 * On the disk of the data directory: size, and a sixteenth of it for what
	 * SQLite and the replicator write beside it; against what is free, and
	 * what an interrupted call has left to be removed.
	 */
	int64_t needed, room;
	char scratch[CONFIG_PATH_MAX];	/* "" = none; removed by clear() */
};

/* ERR_NOT_FOUND where the replica has no registry of that point. */
int restore_survey(struct restore_survey *survey, struct err *err);
void restore_survey_clear(struct restore_survey *survey);

/* ERR_FULL, with both figures, where needed is more than room. */
int restore_survey_check_room(const struct restore_survey *survey,
    struct err *err);

#endif
