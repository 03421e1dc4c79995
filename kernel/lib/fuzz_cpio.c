#include <string.h>

#include "replay.h"

#include "lib/assert.h"
#include "lib/cpio.h"
#include "lib/errno.h"

/* Entries lie in the archive, one behind the other; an error is an end. */
int
LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	const u8 *last = data;
	struct cpio_entry e;
	struct cpio it;
	int err;

	cpio_init(&it, data, len);
	while (!(err = cpio_next(&it, &e))) {
		const u8 *name = (const u8 *)e.name;

		assert(name > last);
		assert(name[0] != 0);
		assert(name + strlen(e.name) < e.data);
		assert(e.data <= data + len);
		assert(e.len_bytes <= (size_t)(data + len - e.data));
		last = e.data + e.len_bytes;
	}
	assert(err == -ENOENT || err == -EINVAL);
	assert(cpio_next(&it, &e) == err);
	return 0;
}
