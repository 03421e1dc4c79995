/*
 * An entry is a header of text, the name with a final zero, and the data:
 *
 *	"070701", 13 numbers of 8 hex digits | name\0 pad | data pad
 *
 * Name and data are padded to a multiple of 4 bytes from the start of it all.
 * Magic 070702 means the same with a checksum, which is not looked at: an
 * image that was damaged in memory has worse to tell.
 */
#include "lib/cpio.h"

#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/string.h"

#define MAGIC_LEN  6
#define DIGITS     8
#define ALIGN      4
#define MAX_NAME   4096 /* with its zero: Linux' PATH_MAX */
#define TRAILER    "TRAILER!!!"
#define HEADER_LEN (MAGIC_LEN + NR_FIELDS * DIGITS)

enum field {
	FIELD_INO,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_NLINK,
	FIELD_MTIME,
	FIELD_FILESIZE,
	FIELD_DEVMAJOR,
	FIELD_DEVMINOR,
	FIELD_RDEVMAJOR,
	FIELD_RDEVMINOR,
	FIELD_NAMESIZE,
	FIELD_CHECK,
	NR_FIELDS,
};

void
cpio_init(struct cpio *it, const void *data, size_t len_bytes)
{
	*it = (struct cpio){.data = data, .len_bytes = len_bytes};
}

static size_t
left(const struct cpio *it)
{
	assert(it->at <= it->len_bytes);
	return it->len_bytes - it->at;
}

/* Padding may be missing at the very end. */
static void
skip_padding(struct cpio *it)
{
	it->at = MIN(align_up(it->at, ALIGN), it->len_bytes);
}

static int
hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -EINVAL;
}

static int
read_field(const u8 *text, u32 *val)
{
	u32 number = 0;
	int i, digit;

	for (i = 0; i < DIGITS; i++) {
		digit = hex_digit(text[i]);
		if (digit < 0)
			return digit;
		number = number << 4 | digit;
	}
	*val = number;
	return 0;
}

static int
read_header(struct cpio *it, u32 fields[NR_FIELDS])
{
	const u8 *header = it->data + it->at;
	int i, err;

	if (left(it) < HEADER_LEN || !is_aligned(it->at, ALIGN))
		return -EINVAL;
	if (memcmp(header, "070701", MAGIC_LEN) != 0 &&
	    memcmp(header, "070702", MAGIC_LEN) != 0)
		return -EINVAL;
	for (i = 0; i < NR_FIELDS; i++) {
		err = read_field(header + MAGIC_LEN + i * DIGITS, &fields[i]);
		if (err)
			return err;
	}
	it->at += HEADER_LEN;
	return 0;
}

static int
read_name(struct cpio *it, u32 size, const char **name)
{
	const char *s = (const char *)it->data + it->at;

	if (size > MAX_NAME || size > left(it))
		return -EINVAL;
	/* Not empty, and its zero is its last byte. */
	if (size < 2 || strnlen(s, size) != size - 1)
		return -EINVAL;
	*name = s;
	it->at += size;
	skip_padding(it);
	return 0;
}

static int
read_data(struct cpio *it, u32 size, const u8 **data)
{
	if (size > left(it))
		return -EINVAL;
	*data = it->data + it->at;
	it->at += size;
	skip_padding(it);
	return 0;
}

static int
read_entry(struct cpio *it, struct cpio_entry *entry)
{
	u32 f[NR_FIELDS];
	struct cpio_entry e;
	int err;

	err = read_header(it, f);
	if (err)
		return err;
	e = (struct cpio_entry){
	    .len_bytes = f[FIELD_FILESIZE],
	    .mode = f[FIELD_MODE],
	    .uid = f[FIELD_UID],
	    .gid = f[FIELD_GID],
	    .nlink = f[FIELD_NLINK],
	    .mtime_s = f[FIELD_MTIME],
	    .archive = it->archive,
	    .dev_major = f[FIELD_DEVMAJOR],
	    .dev_minor = f[FIELD_DEVMINOR],
	    .ino = f[FIELD_INO],
	    .rdev_major = f[FIELD_RDEVMAJOR],
	    .rdev_minor = f[FIELD_RDEVMINOR],
	};
	err = read_name(it, f[FIELD_NAMESIZE], &e.name);
	if (err)
		return err;
	err = read_data(it, f[FIELD_FILESIZE], &e.data);
	if (err)
		return err;
	*entry = e;
	return 0;
}

static void
skip_zeros(struct cpio *it)
{
	while (left(it) > 0 && it->data[it->at] == 0)
		it->at++;
}

int
cpio_next(struct cpio *it, struct cpio_entry *entry)
{
	struct cpio_entry e;
	size_t start;
	int err;

	for (;;) {
		skip_zeros(it);
		if (left(it) == 0)
			return -ENOENT;
		start = it->at;
		err = read_entry(it, &e);
		if (err) {
			it->at = start;
			return err;
		}
		if (strcmp(e.name, TRAILER) != 0)
			break;
		it->archive++;
	}
	*entry = e;
	return 0;
}
