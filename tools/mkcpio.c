/*
 * mkcpio: writes a cpio archive (newc) to standard output, for an initramfs.
 *
 *	mkcpio [-d DIR | SRC[:DST]]...
 *
 * -d makes an empty folder; anything else copies the host's file or folder SRC
 * (all below it too) to DST.  Without DST a SRC called x/y lands at /y.
 *
 * The same input gives the same bytes: everything belongs to root, carries
 * one fixed date, has mode 755 or 644 by the owner's x bit (setuid bits stay),
 * and folders are read in the order of their names.  Folders on the way to a
 * DST are made as needed.  The archive is padded, so that another one can
 * simply follow it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 2026-01-01T00:00:00Z, when the deterministic machine's clock starts too. */
#define MTIME 1767225600u

#define PAD_BYTES 512 /* cpio's own block size */

struct entry {
	const char *path; /* in the archive, without a leading slash */
	mode_t mode;
	uint32_t size_bytes;
};

static unsigned long out_bytes;
static unsigned int next_ino = 1;

/* The folders written so far. */
static char **dirs;
static size_t nr_dirs;

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	fputs("mkcpio: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

static void
put(const void *data, size_t len_bytes)
{
	if (fwrite(data, 1, len_bytes, stdout) != len_bytes)
		die("cannot write: %s", strerror(errno));
	out_bytes += len_bytes;
}

static void
pad_to(unsigned int unit)
{
	static const char zeros[PAD_BYTES];

	put(zeros, -out_bytes % unit);
}

static void
put_header(const struct entry *e)
{
	char header[128];
	size_t name_bytes = strlen(e->path) + 1;
	int n = snprintf(header, sizeof(header),
	    "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08zx%08x",
	    next_ino++, (unsigned int)e->mode, 0u, 0u, 1u, MTIME, e->size_bytes,
	    0u, 0u, 0u, 0u, name_bytes, 0u);

	put(header, n);
	put(e->path, name_bytes);
	pad_to(4);
}

static bool
dir_is_known(const char *path)
{
	for (size_t i = 0; i < nr_dirs; i++)
		if (strcmp(dirs[i], path) == 0)
			return true;
	return false;
}

static void
put_dir(const char *path)
{
	struct entry e = {.path = path, .mode = S_IFDIR | 0755};

	if (dir_is_known(path))
		return;
	if (strcmp(path, "tmp") == 0 || strcmp(path, "var/tmp") == 0)
		e.mode = S_IFDIR | S_ISVTX | 0777;
	dirs = realloc(dirs, (nr_dirs + 1) * sizeof(dirs[0]));
	if (!dirs || !(dirs[nr_dirs++] = strdup(path)))
		die("out of memory");
	put_header(&e);
}

static void
put_parents(const char *path)
{
	char part[PATH_MAX];

	for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
		memcpy(part, path, s - path);
		part[s - path] = '\0';
		put_dir(part);
	}
}

static mode_t
plain_mode(mode_t mode)
{
	mode_t kept = mode & (S_IFMT | S_ISUID | S_ISGID);

	return kept | (mode & S_IXUSR ? 0755 : 0644);
}

static void
put_file(const char *src, const char *dst, const struct stat *st)
{
	struct entry e = {.path = dst, .mode = plain_mode(st->st_mode)};
	char buf[65536];
	uint64_t left = st->st_size;
	int fd = open(src, O_RDONLY);

	if (fd < 0)
		die("cannot open %s: %s", src, strerror(errno));
	if (left > UINT32_MAX)
		die("%s is too large for an initramfs", src);
	e.size_bytes = left;
	put_header(&e);
	while (left > 0) {
		size_t want = left < sizeof(buf) ? left : sizeof(buf);
		ssize_t n = read(fd, buf, want);

		if (n <= 0)
			die("%s: %s", src, n ? strerror(errno) : "shrank");
		put(buf, n);
		left -= n;
	}
	close(fd);
	pad_to(4);
}

static void
put_link(const char *src, const char *dst)
{
	struct entry e = {.path = dst, .mode = S_IFLNK | 0777};
	char target[PATH_MAX];
	ssize_t n = readlink(src, target, sizeof(target));

	if (n < 0)
		die("cannot read the link %s: %s", src, strerror(errno));
	e.size_bytes = n;
	put_header(&e);
	put(target, n);
	pad_to(4);
}

static void put_tree(const char *src, const char *dst);

static void
put_children(const char *src, const char *dst)
{
	struct dirent **list;
	char from[PATH_MAX], to[PATH_MAX];
	int n = scandir(src, &list, NULL, alphasort);

	if (n < 0)
		die("cannot read the folder %s: %s", src, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (snprintf(from, PATH_MAX, "%s/%s", src, name) >= PATH_MAX ||
		    snprintf(to, PATH_MAX, "%s%s%s", dst, *dst ? "/" : "",
			name) >= PATH_MAX)
			die("%s/%s: the path is too long", src, name);
		put_tree(from, to);
		free(list[i]);
	}
	free(list);
}

static void
put_tree(const char *src, const char *dst)
{
	struct stat st;

	if (lstat(src, &st) < 0)
		die("cannot find %s: %s", src, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		if (*dst)
			put_dir(dst);
		put_children(src, dst);
	} else if (S_ISREG(st.st_mode)) {
		put_file(src, dst, &st);
	} else if (S_ISLNK(st.st_mode)) {
		put_link(src, dst);
	} else {
		die("%s is neither file, folder nor link", src);
	}
}

/* Archive names have no slash in front and none behind. */
static char *
archive_name(const char *path)
{
	char *name;
	size_t len;

	path += strspn(path, "/");
	name = strdup(path);
	if (!name)
		die("out of memory");
	len = strlen(name);
	while (len > 0 && name[len - 1] == '/')
		name[--len] = '\0';
	if (len >= PATH_MAX)
		die("%s: the path is too long", path);
	return name;
}

/* What the last argument of a command line means: SRC or SRC:DST. */
static void
put_added(const char *arg)
{
	const char *colon = strrchr(arg, ':');
	char *src = strndup(arg, colon ? (size_t)(colon - arg) : strlen(arg));
	char *dst;
	struct stat st;

	if (!src || !*src)
		die("'%s' names no file", arg);
	dst = archive_name(colon ? colon + 1 : basename(src));
	/* A link named on the command line means what it leads to. */
	if (stat(src, &st) < 0)
		die("cannot find %s: %s", src, strerror(errno));
	put_parents(dst);
	if (S_ISREG(st.st_mode))
		put_file(src, dst, &st);
	else
		put_tree(src, dst);
	free(src);
	free(dst);
}

static void
put_empty_dir(const char *arg)
{
	char *name = archive_name(arg);

	put_parents(name);
	put_dir(name);
	free(name);
}

int
main(int argc, char **argv)
{
	static const struct entry trailer = {.path = "TRAILER!!!"};
	int opt;

	/* "-" keeps the order of options and files as given. */
	while ((opt = getopt(argc, argv, "-d:")) != -1) {
		if (opt == 'd')
			put_empty_dir(optarg);
		else if (opt == 1)
			put_added(optarg);
		else
			return 2;
	}
	put_header(&trailer);
	pad_to(PAD_BYTES);
	if (fflush(stdout) != 0)
		die("cannot write: %s", strerror(errno));
	return 0;
}
