#include "replication/fair.h"

#include "replication/ship.h"

/* What of the store's room is taken, and by what. */
struct places {
	size_t room;
	size_t large, large_max;
};

static struct places
count_places(const struct streams *streams, const struct store *store)
{
	struct places places = { .room = store_room(store) };
	size_t taken = 0;
	size_t i;

	for (i = 0; i < streams->n_active; i++) {
		const struct stream *stream = streams->active[i];

		taken += stream->in_flight != 0;
		places.large +=
		    stream->in_flight && stream->in_flight_size > FAIR_LARGE;
	}
	places.large_max = (places.room + taken) / 4;
	if (places.large_max == 0)
		places.large_max = 1;
	return places;
}

static void
offer(struct stream *stream, struct store *store, struct places *places,
    int64_t mono_ms)
{
	int64_t size = ship_size(stream, mono_ms);
	int large = size > FAIR_LARGE;

	if (size < 0 || (large && places->large >= places->large_max))
		return;
	ship_next(stream, store, mono_ms);
	places->room--;
	places->large += (size_t)large;
}

void
fair_ship(struct fair *fair, struct streams *streams, struct store *store,
    int64_t mono_ms)
{
	struct places places = count_places(streams, store);
	size_t n = streams->n_active;
	size_t first, i;

	for (i = 0; i < n && places.room > 0; i++) {
		if (streams->active[i]->urgent)
			offer(streams->active[i], store, &places, mono_ms);
	}
	first = fair->turn < n ? fair->turn : 0;
	for (i = 0; i < n && places.room > 0; i++) {
		struct stream *stream = streams->active[(first + i) % n];
		size_t room = places.room;

		offer(stream, store, &places, mono_ms);
		/* Behind the last that was served it goes on the next time. */
		if (places.room < room)
			fair->turn = (first + i + 1) % n;
	}
}
