/*
 * Something by the second, from figures that only grow and are written once in a
 * while (usage.interval): the mean of the last minutes that this page has seen.
 */
const LEAST_MS = 60e3;
const MOST_MS = 180e3;

export function rates() {
	const seen = new Map();		/* key → [{ time, value }], the oldest first */

	return {
		note(key, time, value) {
			let list = seen.get(key) ?? [];
			if (list.length && value < list.at(-1).value)
				list = [];	/* another day */
			if (list.at(-1)?.time !== time)
				list.push({ time, value });
			while (time - list[0].time > MOST_MS)
				list.shift();
			seen.set(key, list);
		},
		/* null: not known yet */
		of(key) {
			const list = seen.get(key) ?? [];
			const ms = list.length ? list.at(-1).time - list[0].time : 0;
			return ms < LEAST_MS ? null : (list.at(-1).value - list[0].value) * 1000 / ms;
		},
	};
}
