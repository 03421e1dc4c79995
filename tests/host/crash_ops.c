#include "crash_ops.h"

#include "fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/file.h"
#include "lib/errno.h"
#include "mm/object.h"

#include <asm/fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define who crash_who

const struct fs_who *crash_who;
void (*crash_between)(void);

/* ---- operations --------------------------------------------------------- */

static u32 letter; /* what is written next */

/*
 * What a large write may be parted into, and so be found in part: one handle's.
 */
#define PIECE_BYTES 20000u

static int
write_piece(struct file *f, u8 *bytes, bool append, u64 at, size_t len)
{
	struct iov_iter it;
	s64 n;

	iov_init_kernel(&it, bytes, len);
	n = append ? file_write(who, f, &it)
		   : file_pwrite(who, f, &it, (s64)at);
	return n < 0 ? (int)n : 0;
}

/*
 * On a full disk a commit may come between any two pages of a write: what is
 * overwritten is written page by page, and so is what fills the disk up, which
 * alone makes the file that it appends to.
 */
static size_t
piece_bytes(const struct file *f, u32 flags, u64 at)
{
	if ((flags & (O_APPEND | O_CREAT)) == O_APPEND)
		return PIECE_BYTES;
	if (flags & O_APPEND)
		at = f->inode->size_bytes;
	return MIN(PIECE_BYTES, PAGE_SIZE - at % PAGE_SIZE);
}

static int
write_at(const char *path, u32 flags, u64 at, size_t len)
{
	u8 *bytes = malloc(PIECE_BYTES);
	size_t done, piece;
	struct file *f;
	int err =
	    namei_open(who, fs_name(NULL, path), O_WRONLY | flags, 0644, &f);

	memset(bytes, 'a' + letter++ % 26, PIECE_BYTES);
	for (done = 0; err == 0 && done < len; done += piece) {
		piece = MIN(len - done, piece_bytes(f, flags, at + done));
		if (done > 0 || (flags & O_CREAT))
			crash_between();
		err = write_piece(f, bytes, flags & O_APPEND, at + done, piece);
		if (err < 0 || done + piece == len)
			file_put(f);
	}
	if (len == 0 && err == 0)
		file_put(f);
	free(bytes);
	return err;
}

/* What was done to the file is there for good, and all that was before. */
static int
sync_file(int err, const char *path, bool data_only)
{
	struct file *f;

	if (err < 0)
		return err;
	err = namei_open(who, fs_name(NULL, path), O_RDWR, 0, &f);
	if (err < 0)
		return err;
	err = file_sync(f, data_only);
	file_put(f);
	return err;
}

static int
op_create(void)
{
	return write_at("/m/new", O_CREAT | O_EXCL, 0, 0);
}

static int
op_write(void)
{
	return write_at("/m/d/plain", 0, 500, 5000);
}

static int
op_append(void)
{
	return write_at("/m/file", O_APPEND, 0, 20000);
}

static int
op_append_fsync(void)
{
	return sync_file(op_append(), "/m/file", false);
}

/* The size is part of what makes the bytes be found. */
static int
op_append_fdatasync(void)
{
	return sync_file(op_append(), "/m/file", true);
}

static int
op_write_fsync(void)
{
	return sync_file(op_write(), "/m/d/plain", false);
}

/* A part of what fills the disk up, now and then. */
static int
op_fill(void)
{
	return write_at("/m/d/full", O_CREAT | O_APPEND, 0, 100000);
}

static int
op_unfill(void)
{
	return namei_unlink(who, fs_name(NULL, "/m/d/full"));
}

/*
 * As a program writes through a mapping: a place for the page, then its bytes.
 */
static int
op_mmap(void)
{
	u8 bytes[3000];
	struct object *o;
	struct page *p;
	struct file *f;
	int err = namei_open(who, fs_name(NULL, "/m/big"), O_RDWR, 0, &f);

	if (err < 0)
		return err;
	memset(bytes, 'a' + letter++ % 26, sizeof(bytes));
	err = file_map(f, true, PROT_READ | PROT_WRITE, &o);
	file_put(f);
	if (err < 0)
		return err;
	if (o->size_bytes < 2 * PAGE_SIZE)
		err = -EFBIG;
	if (err == 0)
		err = object_page(o, 1, &p);
	if (err == 0) {
		err = o->ops->will_write(o, 1);
		page_put(p);
	}
	if (err == 0)
		err = object_write(o, PAGE_SIZE + 10, bytes, sizeof(bytes));
	object_put(o);
	return err;
}

/* Bytes far from each other: holes, and many blocks of numbers. */
static int
op_holes(void)
{
	u64 at;
	int err = 0;

	for (at = 0; err == 0 && at < 40; at++)
		err = write_at("/m/d/holes", O_CREAT, at * 40000, 10);
	return err;
}

static int
op_cut_holes(void)
{
	return namei_truncate(who, fs_name(NULL, "/m/d/holes"), 1000);
}

/* How a careful program replaces a file: the first of two steps. */
static int
op_new_fsync(void)
{
	return sync_file(
	    write_at("/m/new", O_CREAT | O_TRUNC, 0, 6000), "/m/new", false);
}

static int
op_replace(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/new"), fs_name(NULL, "/m/big"), 0);
}

static int
op_far(void)
{
	return write_at("/m/file", 0, 400000, 100);
}

static int
op_truncate(void)
{
	return namei_truncate(who, fs_name(NULL, "/m/big"), 1500);
}

static int
op_lengthen(void)
{
	return namei_truncate(who, fs_name(NULL, "/m/file"), 70000);
}

static int
op_link(void)
{
	return namei_link(
	    who, fs_name(NULL, "/m/file"), fs_name(NULL, "/m/d/link"), 0);
}

static int
op_symlink(void)
{
	return namei_symlink(who, "file", fs_name(NULL, "/m/sym"));
}

static int
op_long_symlink(void)
{
	static char target[200];

	memset(target, 't', sizeof(target) - 1);
	return namei_symlink(who, target, fs_name(NULL, "/m/d/longsym"));
}

static int
op_rename(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/file"), fs_name(NULL, "/m/d/moved"), 0);
}

static int
op_rename_over(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/file"), fs_name(NULL, "/m/big"), 0);
}

static int
op_exchange(void)
{
	return namei_rename(who, fs_name(NULL, "/m/d"), fs_name(NULL, "/m/big"),
	    RENAME_EXCHANGE);
}

static int
op_move_dir(void)
{
	return namei_rename(
	    who, fs_name(NULL, "/m/d/sub"), fs_name(NULL, "/m/sub"), 0);
}

static int
op_unlink(void)
{
	return namei_unlink(who, fs_name(NULL, "/m/big"));
}

static int
op_unlink_file(void)
{
	return namei_unlink(who, fs_name(NULL, "/m/file"));
}

static int
op_mkdir(void)
{
	return namei_mkdir(who, fs_name(NULL, "/m/e"), 0755);
}

static int
op_rmdir(void)
{
	return namei_rmdir(who, fs_name(NULL, "/m/d/sub"));
}

static int
op_chmod(void)
{
	return namei_chmod(who, fs_name(NULL, "/m/d"), 0, 0700);
}

static int
op_mknod(void)
{
	return namei_mknod(who, fs_name(NULL, "/m/fifo"), S_IFIFO | 0600, 0);
}

/* One of many, in a directory that grows by them. */
static int
op_many(void)
{
	char path[80];

	snprintf(path, sizeof(path), "/m/d/a-name-that-takes-some-room-%u",
	    letter++);
	return namei_mkdir(who, fs_name(NULL, path), 0755);
}

/* The blocks of a directory are free for others again. */
static int
op_empty(void)
{
	char path[80];
	u32 n;

	for (n = 0; n < letter; n++) {
		snprintf(path, sizeof(path),
		    "/m/d/a-name-that-takes-some-room-%u", n);
		if (namei_rmdir(who, fs_name(NULL, path)) == 0)
			return 0;
	}
	return -ENOENT;
}

static struct file *held;

/* A file without a name that somebody has: it is to go after a crash. */
static int
op_orphan(void)
{
	struct file *f;
	int err;

	if (held != NULL)
		return -EBUSY;
	err = namei_open(who, fs_name(NULL, "/m/big"), O_RDWR, 0, &f);
	if (err < 0)
		return err;
	held = f;
	return namei_unlink(who, fs_name(NULL, "/m/big"));
}

/* It is written to all the same. */
static int
op_orphan_write(void)
{
	struct iov_iter it;
	u8 bytes[9000];

	if (held == NULL)
		return -EBADF;
	memset(bytes, 'o', sizeof(bytes));
	iov_init_kernel(&it, bytes, sizeof(bytes));
	return MIN(0, (int)file_pwrite(who, held, &it, 250000));
}

static int
op_orphan_close(void)
{
	if (held == NULL)
		return -EBADF;
	file_put(held);
	held = NULL;
	return 0;
}

static int
op_sync(void)
{
	return mount_sync_all();
}

const struct operation crash_operations[] = {
    {"create", op_create, false, false},
    {"write", op_write, true, false},
    {"write-fsync", op_write_fsync, true, true},
    {"append", op_append, false, false},
    {"append-fsync", op_append_fsync, false, true},
    {"append-fdatasync", op_append_fdatasync, false, true},
    {"far", op_far, true, false},
    {"fill", op_fill, false, false},
    {"unfill", op_unfill, false, false},
    {"mmap", op_mmap, true, false},
    {"holes", op_holes, true, false},
    {"cut-holes", op_cut_holes, true, false},
    {"new-fsync", op_new_fsync, false, true},
    {"replace", op_replace, false, false},
    {"truncate", op_truncate, true, false},
    {"lengthen", op_lengthen, true, false}, /* may shorten it */
    {"link", op_link, false, false},
    {"symlink", op_symlink, false, false},
    {"long-symlink", op_long_symlink, false, false},
    {"rename", op_rename, false, false},
    {"rename-over", op_rename_over, false, false},
    {"exchange", op_exchange, false, false},
    {"move-dir", op_move_dir, false, false},
    {"unlink", op_unlink, false, false},
    {"unlink-file", op_unlink_file, false, false},
    {"mkdir", op_mkdir, false, false},
    {"rmdir", op_rmdir, false, false},
    {"chmod", op_chmod, false, false},
    {"mknod", op_mknod, false, false},
    {"many", op_many, false, false},
    {"empty", op_empty, false, false},
    {"orphan", op_orphan, false, false},
    {"orphan-write", op_orphan_write, false, false},
    {"orphan-close", op_orphan_close, false, false},
    {"sync", op_sync, false, true},
};

const u32 crash_nr_operations = ARRAY_SIZE(crash_operations);

const struct operation *
crash_operation(const char *name, size_t len)
{
	u32 n;

	for (n = 0; n < crash_nr_operations; n++)
		if (strlen(crash_operations[n].name) == len &&
		    strncmp(crash_operations[n].name, name, len) == 0)
			return &crash_operations[n];
	fail_msg("no operation %s", name);
	return NULL;
}

void
crash_ops_begin(void)
{
	letter = 0;
}

void
crash_ops_end(void)
{
	if (held != NULL)
		file_put(held);
	held = NULL;
}

/* ---- the tree as text --------------------------------------------------- */

#define MAX_NAMES 200

struct listing {
	struct dir_sink sink;
	u32 nr;
	char *names[MAX_NAMES];
};

static bool
note_name(struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next)
{
	struct listing *l = container_of(sink, struct listing, sink);

	(void)ino;
	(void)type;
	(void)next;
	assert_true(l->nr < MAX_NAMES);
	if (name.text[0] != '.')
		l->names[l->nr++] = strndup(name.text, name.len);
	return true;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static u64
sum_of(const char *path)
{
	static u64 words[8192];
	struct iov_iter it;
	struct file *f;
	u64 sum = 0;
	s64 n, i;

	if (namei_open(who, fs_name(NULL, path), O_RDONLY, 0, &f) < 0)
		return ~0ul;
	do {
		iov_init_kernel(&it, words, sizeof(words));
		n = file_read(f, &it);
		if (n > 0 && n % 8 != 0)
			memset((u8 *)words + n, 0, 8 - (size_t)n % 8);
		for (i = 0; i < n; i += 8) {
			sum = (sum ^ words[i / 8]) * 0x9fb21c651e98df25;
			sum ^= sum >> 29;
		}
	} while (n > 0);
	file_put(f);
	return n < 0 ? ~0ul : sum;
}

static void describe_dir(FILE *out, const char *path);

static void
describe(FILE *out, const char *path)
{
	char target[PAGE_SIZE] = "";
	struct file_stat st;
	size_t len = 0;

	if (namei_stat(who, fs_name(NULL, path), NAMEI_NOFOLLOW, &st) < 0) {
		fprintf(out, "%s cannot be looked at\n", path);
		return;
	}
	if (S_ISLNK(st.mode) &&
	    namei_readlink(
		who, fs_name(NULL, path), target, sizeof(target), &len) < 0)
		len = 0;
	fprintf(out, "%s %o %u %lu %lx %.*s\n", path, st.mode, st.nlink,
	    S_ISDIR(st.mode) ? 0 : st.size_bytes,
	    S_ISREG(st.mode) ? sum_of(path) : 0, (int)len, target);
	if (S_ISDIR(st.mode))
		describe_dir(out, path);
}

static void
describe_dir(FILE *out, const char *path)
{
	struct listing l = {.sink = {.emit = note_name}};
	char below[512];
	struct file *f;
	u32 n;

	if (namei_open(
		who, fs_name(NULL, path), O_RDONLY | O_DIRECTORY, 0, &f) < 0) {
		fprintf(out, "%s cannot be opened\n", path);
		return;
	}
	if (file_readdir(f, &l.sink) < 0)
		fprintf(out, "%s cannot be read\n", path);
	file_put(f);
	qsort(l.names, l.nr, sizeof(l.names[0]), compare_names);
	for (n = 0; n < l.nr; n++) {
		snprintf(below, sizeof(below), "%s/%s", path, l.names[n]);
		describe(out, below);
		free(l.names[n]);
	}
}

char *
crash_tree(void)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	describe_dir(out, "/m");
	fclose(out);
	return text;
}

u64
crash_stir(u64 h, u64 word)
{
	h = (h ^ word) * 0x9fb21c651e98df25;
	return h ^ h >> 29;
}

/* Four at a time, which do not wait for each other; bytes: a multiple of 32. */
u64
crash_hash(const void *at, size_t bytes, u64 h)
{
	u64 lane[4] = {h, h + 1, h + 2, h + 3};
	const u64 *words = at;
	size_t i, n;

	for (i = 0; i < bytes / sizeof(u64); i += 4)
		for (n = 0; n < 4; n++)
			lane[n] = crash_stir(lane[n], words[i + n]);
	return crash_stir(
	    crash_stir(lane[0], lane[1]), crash_stir(lane[2], lane[3]));
}

/*
 * The sum is the fifth word of a line: left out where bytes may be old ones, or
 * new ones, or some of each.
 */
struct look
crash_look(const char *tree)
{
	struct look l = {1, 1};
	u32 word = 0;

	for (; *tree != 0; tree++) {
		if (*tree == ' ')
			word++;
		else if (*tree == '\n')
			word = 0;
		l.whole = crash_stir(l.whole, (u8)*tree);
		if (word != 4)
			l.names = crash_stir(l.names, (u8)*tree);
	}
	return l;
}

/* A line: path, mode, links, size, sum, text.  How long it is up to the sum. */
static size_t
up_to_sum(const char *line, size_t len)
{
	size_t n;
	u32 words = 0;

	for (n = 0; n < len && words < 4; n++)
		words += line[n] == ' ';
	return n;
}

bool
crash_one_sum_differs(const char *a, const char *b)
{
	u32 nr = 0;

	while (*a != 0 && *b != 0) {
		size_t len_a = strcspn(a, "\n"), len_b = strcspn(b, "\n");
		size_t n = up_to_sum(a, len_a);

		if (n != up_to_sum(b, len_b) || memcmp(a, b, n) != 0)
			return false;
		nr += len_a != len_b || memcmp(a + n, b + n, len_a - n) != 0;
		a += len_a + (a[len_a] != 0);
		b += len_b + (b[len_b] != 0);
	}
	return *a == *b && nr == 1;
}

const char crash_make_tree[] =
    "mkdir tree tree/d tree/d/sub; echo hello >tree/file\n"
    "seq 1 1000 >tree/d/plain; seq 1 30000 >tree/big\n";
