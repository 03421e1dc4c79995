/* System calls that tell of files: the stat family, and directories. */
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "core/clock.h"
#include "lib/string.h"
#include "mm/usercopy.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* ---- stat --------------------------------------------------------------- */

/* Seconds and nanoseconds of a time, which may lie before 1970. */
static void
split(s64 ns, s64 *sec, u32 *nsec)
{
	*sec = ns / 1000000000;
	if (ns % 1000000000 < 0)
		(*sec)--;
	*nsec = (u32)(ns - *sec * 1000000000);
}

static void
put_time(s64 ns, long *sec_out, unsigned long *nsec_out)
{
	s64 sec;
	u32 nsec;

	split(ns, &sec, &nsec);
	*sec_out = sec;
	*nsec_out = nsec;
}

static s64
put_stat(uaddr_t user, const struct file_stat *s)
{
	struct stat st = {
	    .st_dev = s->dev,
	    .st_ino = s->ino,
	    .st_mode = s->mode,
	    .st_nlink = s->nlink,
	    .st_uid = s->uid,
	    .st_gid = s->gid,
	    .st_rdev = s->rdev,
	    .st_size = (long)s->size_bytes,
	    .st_blksize = (int)s->block_size,
	    .st_blocks = (long)s->blocks,
	};

	put_time(s->atime_ns, &st.st_atime, &st.st_atime_nsec);
	put_time(s->mtime_ns, &st.st_mtime, &st.st_mtime_nsec);
	put_time(s->ctime_ns, &st.st_ctime, &st.st_ctime_nsec);
	return user_write(user, &st, sizeof(st));
}

s64
sys_fstat(int n, uaddr_t out)
{
	struct file_stat s;
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	file_stat(fd.file, &s);
	fd_put(&fd);
	return put_stat(out, &s);
}

/* AT_* that both calls know; automounts are none of ours. */
static int
stat_flags(u32 flags, u32 *namei)
{
	*namei = 0;
	if (flags &
	    ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
		AT_STATX_SYNC_TYPE))
		return -EINVAL;
	if (flags & AT_SYMLINK_NOFOLLOW)
		*namei |= NAMEI_NOFOLLOW;
	if (flags & AT_EMPTY_PATH)
		*namei |= NAMEI_EMPTY;
	return 0;
}

static int
get_stat(int dirfd, uaddr_t path, u32 flags, struct file_stat *s)
{
	struct fs_who who = who_current();
	struct sys_name n;
	u32 namei;
	int err = stat_flags(flags, &namei);

	if (err == 0)
		err = sys_name_get_empty(
		    &n, dirfd, path, (flags & AT_EMPTY_PATH) != 0);
	if (err < 0)
		return err;
	err = namei_stat(&who, n.name, namei, s);
	sys_name_put(&n);
	return err;
}

s64
sys_newfstatat(int dirfd, uaddr_t path, uaddr_t out, u32 flags)
{
	struct file_stat s;
	int err = (flags & AT_STATX_SYNC_TYPE) ? -EINVAL : 0;

	if (err == 0)
		err = get_stat(dirfd, path, flags, &s);
	return err < 0 ? err : put_stat(out, &s);
}

static struct statx_timestamp
statx_time(s64 ns)
{
	struct statx_timestamp t = {.tv_sec = 0};
	s64 sec;
	u32 nsec;

	split(ns, &sec, &nsec);
	t.tv_sec = sec;
	t.tv_nsec = nsec;
	return t;
}

static s64
put_statx(uaddr_t user, const struct file_stat *s)
{
	struct statx x;

	memset(&x, 0, sizeof(x));
	x.stx_mask = STATX_BASIC_STATS | STATX_BTIME;
	x.stx_blksize = s->block_size;
	x.stx_attributes_mask = STATX_ATTR_MOUNT_ROOT;
	x.stx_attributes = s->is_mount_root ? STATX_ATTR_MOUNT_ROOT : 0;
	x.stx_nlink = s->nlink;
	x.stx_uid = s->uid;
	x.stx_gid = s->gid;
	x.stx_mode = (u16)s->mode;
	x.stx_ino = s->ino;
	x.stx_size = s->size_bytes;
	x.stx_blocks = s->blocks;
	x.stx_atime = statx_time(s->atime_ns);
	x.stx_btime = statx_time(s->btime_ns);
	x.stx_ctime = statx_time(s->ctime_ns);
	x.stx_mtime = statx_time(s->mtime_ns);
	x.stx_rdev_major = s->rdev >> 8 & 0xfff;
	x.stx_rdev_minor = (s->rdev & 0xff) | (s->rdev >> 12 & 0xfff00);
	x.stx_dev_major = s->dev >> 8 & 0xfff;
	x.stx_dev_minor = (s->dev & 0xff) | (s->dev >> 12 & 0xfff00);
	x.stx_mnt_id = s->mount_id;
	x.stx_mask |= STATX_MNT_ID;
	return user_write(user, &x, sizeof(x));
}

s64
sys_statx(int dirfd, uaddr_t path, u32 flags, u32 mask, uaddr_t out)
{
	struct file_stat s;
	int err;

	if ((mask & STATX__RESERVED) ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	err = get_stat(dirfd, path, flags, &s);
	return err < 0 ? err : put_statx(out, &s);
}

static s64
put_statfs(uaddr_t user, const struct fs_statfs *s)
{
	struct statfs64 st;

	memset(&st, 0, sizeof(st));
	st.f_type = s->type;
	st.f_bsize = s->block_size;
	st.f_blocks = s->nr_blocks;
	st.f_bfree = s->nr_free;
	st.f_bavail = s->nr_free - s->nr_kept;
	st.f_files = s->nr_files;
	st.f_ffree = s->nr_free_files;
	st.f_fsid.val[0] = (int)s->dev;
	st.f_namelen = s->name_max;
	st.f_frsize = s->block_size;
	st.f_flags = s->flags;
	return user_write(user, &st, sizeof(st));
}

s64
sys_statfs(uaddr_t path, uaddr_t out)
{
	struct fs_who who = who_current();
	struct fs_statfs s;
	struct sys_name n;
	int err = sys_name_get(&n, AT_FDCWD, path);

	if (err < 0)
		return err;
	err = namei_statfs(&who, n.name, &s);
	sys_name_put(&n);
	return err < 0 ? err : put_statfs(out, &s);
}

s64
sys_fstatfs(int n, uaddr_t out)
{
	struct fs_statfs s;
	struct fd fd;
	int err = fd_get(n, &fd);

	if (err < 0)
		return err;
	err = file_statfs(fd.file, &s);
	fd_put(&fd);
	return err < 0 ? err : put_statfs(out, &s);
}

/* ---- directories -------------------------------------------------------- */

/* The ABI's struct linux_dirent64; the name and its zero byte follow. */
struct dirent_head {
	u64 ino;
	s64 next_pos;
	u16 len_bytes;
	u8 type;
} PACKED;

#define DIRENT_NAME 19
#define DIRENT_MAX  (DIRENT_NAME + NAME_MAX_BYTES + 1 + 8)
/* Entries collect here, since the directory's lock is held meanwhile. */
#define DIRENT_CHUNK 512

struct dirents {
	struct dir_sink sink;
	u64 room;   /* what is left of the caller's buffer */
	size_t len; /* of what has collected */
	bool full;  /* an entry was given that does not fit the buffer */
	u8 bytes[DIRENT_CHUNK];
};

static bool
emit(struct dir_sink *sink, struct name name, u64 ino, u32 type, u64 next_pos)
{
	struct dirents *d = container_of(sink, struct dirents, sink);
	size_t len = align_up(DIRENT_NAME + name.len + 1, 8);
	struct dirent_head head = {.ino = ino,
	    .next_pos = (s64)next_pos,
	    .len_bytes = (u16)len,
	    .type = (u8)type};
	u8 *at = d->bytes + d->len;

	if (len > d->room - d->len) {
		d->full = true;
		return false;
	}
	if (len > sizeof(d->bytes) - d->len)
		return false;
	memset(at, 0, len);
	memcpy(at, &head, DIRENT_NAME);
	memcpy(at + DIRENT_NAME, name.text, name.len);
	d->len += len;
	return true;
}

static s64
read_dir(struct file *f, uaddr_t buf, u64 room)
{
	struct dirents d = {.sink = {.emit = emit}, .room = room};
	s64 total = 0;
	int err;

	for (;;) {
		s64 before = file_seek(f, 0, SEEK_CUR);

		d.len = 0;
		err = file_readdir(f, &d.sink);
		if (err < 0)
			return total > 0 ? total : err;
		if (d.len == 0)
			break;
		if (user_write(buf, d.bytes, d.len) < 0) {
			/* What did not arrive was not read. */
			(void)file_seek(f, before, SEEK_SET);
			return total > 0 ? total : -EFAULT;
		}
		buf.val += d.len;
		total += (s64)d.len;
		d.room -= d.len;
	}
	return total == 0 && d.full ? -EINVAL : total;
}

s64
sys_getdents64(int n, uaddr_t buf, u32 len)
{
	struct fd fd;
	s64 done = fd_get(n, &fd);

	if (done < 0)
		return done;
	done = read_dir(fd.file, buf, len);
	fd_put(&fd);
	return done;
}
