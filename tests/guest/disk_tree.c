/*
 * What a disk's tree looks like, to be compared with what another kernel, or
 * another tree, says.  Not a test by itself: tests/boot/ext2.t.
 *
 *	/tests/guest @disk_tree DISK TYPE
 *	/tests/guest @disk_tree DIR		what is mounted, alone
 */
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#define PAGE 4096

static unsigned char *
read_whole(const char *path, size_t size)
{
	unsigned char *p = malloc(size + 1);
	int fd = open(path, O_RDONLY);
	size_t done = 0;

	ensure(p && fd >= 0);
	while (done < size + 1) {
		ssize_t n = read(fd, p + done, size + 1 - done);

		ensure(n >= 0);
		if (n == 0)
			break;
		done += n;
	}
	if (done != size)
		printf("%s: read gives %zu bytes of %zu\n", path, done, size);
	close(fd);
	return p;
}

/* The same by a mapping, page by page, from the end. */
static void
compare_mapped(const char *path, const unsigned char *want, size_t size)
{
	int fd = open(path, O_RDONLY);
	unsigned char *p;

	if (size == 0)
		return;
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	ensure(p != MAP_FAILED);
	for (size_t at = (size - 1) / PAGE * PAGE;; at -= PAGE) {
		size_t n = size - at < PAGE ? size - at : PAGE;

		if (memcmp(p + at, want + at, n))
			printf("%s: mapped at %zu it differs\n", path, at);
		for (size_t k = n; k < PAGE; k++)
			if (p[at + k] != 0)
				printf("%s: not zero behind its end\n", path);
		if (at == 0)
			break;
	}
	munmap(p, size);
	close(fd);
}

static unsigned long
hash(const unsigned char *p, size_t size)
{
	unsigned long h = 14695981039346656037ul;

	for (size_t i = 0; i < size; i++)
		h = (h ^ p[i]) * 1099511628211ul;
	return h;
}

static void
show_bytes(const char *path, size_t size)
{
	unsigned char *p = read_whole(path, size);

	printf(" %016lx", hash(p, size));
	compare_mapped(path, p, size);
	free(p);
}

static void
show(const char *path)
{
	char target[PAGE] = "";
	struct stat st;

	if (lstat(path, &st)) {
		printf("%s: %s\n", path, strerrorname_np(errno));
		return;
	}
	printf("%s %lu %o %lu %u:%u %lx %ld %ld %ld.%09ld", path, st.st_ino,
	    st.st_mode, (unsigned long)st.st_nlink, st.st_uid, st.st_gid,
	    st.st_rdev, (long)st.st_size, (long)st.st_blocks,
	    (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (S_ISREG(st.st_mode))
		show_bytes(path, st.st_size);
	if (S_ISLNK(st.st_mode)) {
		ensure(
		    readlink(path, target, sizeof(target) - 1) == st.st_size);
		printf(" -> %s", target);
	}
	printf("\n");
}

static void
walk(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n;

	show(path);
	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return;
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		printf("%s: %s\n", path, strerrorname_np(errno));
	for (int i = 0; i < n; i++) {
		char *below;

		if (!strcmp(names[i]->d_name, ".") ||
		    !strcmp(names[i]->d_name, ".."))
			continue;
		ensure(asprintf(&below, "%s/%s", path, names[i]->d_name) > 0);
		printf("%d ", names[i]->d_type);
		walk(below);
		free(below);
	}
}

HELPER(disk_tree)
{
	struct statfs fs;

	if (argc == 3) {
		walk(argv[2]);
		return 0;
	}
	ensure(argc == 4);
	mkdir("/mnt", 0755);
	if (mount(argv[2], "/mnt", argv[3], MS_RDONLY, NULL)) {
		printf("mount: %s\n", strerrorname_np(errno));
		return 1;
	}
	ensure(statfs("/mnt", &fs) == 0);
	printf("%lx %ld %ld %ld %ld %ld\n", (unsigned long)fs.f_type,
	    (long)fs.f_bsize, (long)fs.f_bfree, (long)fs.f_files,
	    (long)fs.f_ffree, (long)fs.f_namelen);
	walk("/mnt");
	ensure(open("/mnt/new", O_CREAT | O_WRONLY, 0644) < 0);
	printf("create: %s\n", strerrorname_np(errno));
	/* Once more: Linux lets both share it, calf says EBUSY. */
	if (mount(argv[2], "/mnt", argv[3], MS_RDONLY, NULL) == 0)
		ensure(umount("/mnt") == 0);
	ensure(mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
	if (umount("/mnt"))
		printf("umount: %s\n", strerrorname_np(errno));
	return 0;
}
