#include "tenants/point.h"

#include <stdlib.h>

#include "tenants/ack.h"
#include "tenants/base/clock.h"
#include "tenants/base/log.h"

#define PAUSE_MS 5000 /* after it did not answer in time */

struct point {
	struct ack_client *client; /* NULL: there is no replica */
	int64_t patience_ms;
	int64_t pause_ms; /* mono: asks nobody until then */
};

_Static_assert(MIGRATE_POINT == ACK_PLACE, "a place is noted as answered");

struct point *
point_new(const struct config *config, int64_t patience_ms)
{
	struct point *point = calloc(1, sizeof(*point));

	if (point == NULL)
		err_die("out of memory");
	if (config->replica[0] != '\0')
		point->client = ack_client_new(config);
	point->patience_ms = patience_ms;
	return point;
}

void
point_free(struct point *point)
{
	if (point == NULL)
		return;
	ack_client_free(point->client);
	free(point);
}

void
point_ask(struct point *point, const struct registry_tenant *row,
    char out[MIGRATE_POINT])
{
	int64_t begun_ms = clock_mono_ms();
	struct err err = ERR_INIT;

	out[0] = '\0';
	if (point->client == NULL || begun_ms < point->pause_ms)
		return;
	if (ack_point(point->client, row->slug, row->epoch, point->patience_ms,
		out, &err) == 0)
		return;
	if (clock_mono_ms() - begun_ms >= point->patience_ms)
		point->pause_ms = clock_mono_ms() + PAUSE_MS;
	log_info("migration",
	    "tenant %s: where its replica is is not known: %s", row->slug,
	    err.msg);
}
