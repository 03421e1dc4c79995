/*
 * Damaged disks for a machine, one behind the other in a file, each with its
 * length in the last eight bytes of its place.  The first four are whole.
 *
 *	bad_images SEED COUNT FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bad_image.h"
#include "fake.h"

#define MOST_CHANGES 6u

static u8 bytes[BAD_IMAGE_MAX];

static u64
make_one(u32 n)
{
	struct bad_change changes[MOST_CHANGES];
	u32 nr = n < BAD_IMAGE_BASES ? 0 : 1 + fake_random() % MOST_CHANGES, i;

	/* What is refused at once says little about the rest. */
	for (i = 0; i < nr; i++)
		do
			changes[i] = bad_image_draw();
		while (changes[i].place <= BAD_GROUP && fake_random() % 8);
	return bad_image(n, changes, nr, bytes);
}

int
main(int argc, char **argv)
{
	u32 count, n;
	FILE *f;

	if (argc != 4 || bad_image_make() != 0)
		return 2;
	fake_random_seed(strtoul(argv[1], NULL, 10));
	count = (u32)strtoul(argv[2], NULL, 10);
	f = fopen(argv[3], "wb");
	if (f == NULL)
		return 2;
	for (n = 0; n < count; n++) {
		u64 len, place = (u64)n * BAD_IMAGE_MAX;

		memset(bytes, 0, sizeof(bytes));
		len = make_one(n);
		memcpy(bytes + sizeof(bytes) - sizeof(len), &len, sizeof(len));
		if (fseek(f, (long)place, SEEK_SET) != 0 ||
		    fwrite(bytes, 1, sizeof(bytes), f) != sizeof(bytes))
			return 2;
	}
	return fclose(f) == 0 ? 0 : 2;
}
