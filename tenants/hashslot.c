#include "tenants/hashslot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "tenants/base/clock.h"
#include "tenants/base/file.h"
#include "tenants/layout.h"

#define LOOK_MS 5 /* a hash takes about 40 */

/* The descriptor, -1 where somebody has the slot, -2 with *err. */
static int
try_slot(const struct config *config, int slot, struct err *err)
{
	struct layout_path path = layout_hash_slot(config, slot);
	int fd = file_open(path.p, O_RDWR | O_CREAT, 0660, err);

	if (fd < 0)
		return -2;
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno == EINTR)
			continue;
		if (errno == EWOULDBLOCK) {
			file_drop(&fd);
			return -1;
		}
		err_sys(err, "cannot lock %s", path.p);
		file_drop(&fd);
		return -2;
	}
	return fd;
}

int
hashslot_count(const struct config *config, int processors)
{
	if (config->password_at_once > 0)
		return (int)config->password_at_once;
	return processors > 2 ? 2 : 1;
}

/* That this process may run on. */
static int
processors(void)
{
	cpu_set_t set;

	/* It fails where there are more of them than the set can hold. */
	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return CPU_SETSIZE;
	return CPU_COUNT(&set);
}

int
hashslot_take(const struct config *config, int64_t wait_ms, struct err *err)
{
	const struct timespec pause = { 0, LOOK_MS * 1000000L };
	int64_t until = clock_mono_ms() + wait_ms;
	int slots = hashslot_count(config, processors());
	/* Processes begin at different slots, as their numbers differ. */
	int first = (int)getpid() % slots;
	int i, fd;

	for (;;) {
		for (i = 0; i < slots; i++) {
			fd = try_slot(config, (first + i) % slots, err);
			if (fd >= 0)
				return fd;
			if (fd == -2)
				return -1;
		}
		if (clock_mono_ms() >= until)
			break;
		(void)nanosleep(&pause, NULL);
	}
	err_set(err, ERR_LIMIT, "too many passwords are being checked");
	err->retry_after = 1;
	return -1;
}

void
hashslot_give(int slot)
{
	file_drop(&slot);
}
