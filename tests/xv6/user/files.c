/* Files: flags, stat, devices, directories as files, names. */
#include "kernel/types.h"

#include "kernel/fcntl.h"
#include "kernel/fs.h"
#include "kernel/param.h"
#include "kernel/stat.h"
#include "user/user.h"

static char buf[BSIZE];

static void
test_flags(void)
{
	struct stat st;
	int fd, other;

	check(open("f", O_RDONLY) == -1, "no file, no descriptor");
	fd = open("f", O_CREATE | O_RDWR);
	check(fd >= 0 && write(fd, "0123456789", 10) == 10, "O_CREATE, O_RDWR");
	check(fstat(fd, &st) == 0 && st.type == T_FILE && st.nlink == 1 &&
		st.size == 10 && st.dev == ROOTDEV && st.ino > 0 &&
		st.ino < 65536,
	    "fstat");
	other = open("f", O_WRONLY);
	check(read(other, buf, 1) == -1, "O_WRONLY does not read");
	check(write(other, "x", 1) == 1, "it writes, from the beginning");
	close(other);
	other = open("f", O_RDONLY);
	check(write(other, "x", 1) == -1, "O_RDONLY does not write");
	check(read(other, buf, sizeof(buf)) == 10 && buf[0] == 'x', "it reads");
	close(other);
	other = open("f", O_WRONLY | O_TRUNC);
	check(fstat(fd, &st) == 0 && st.size == 0, "O_TRUNC");
	check(write(fd, "y", 1) == -1, "nobody writes behind the end");
	close(other);
	close(fd);
}

static void
test_links(void)
{
	struct stat st;
	int fd;

	check(link("f", "g") == 0 && link("f", "g") == -1, "link, once");
	fd = open("g", O_RDONLY);
	check(fstat(fd, &st) == 0 && st.nlink == 2, "two names");
	check(unlink("f") == 0 && unlink("f") == -1, "unlink, once");
	check(unlink("g") == 0 && fstat(fd, &st) == 0 && st.nlink == 0,
	    "what is open stays");
	close(fd);
	check(mkdir("d") == 0 && mkdir("d") == -1, "mkdir, once");
	check(link("d", "e") == -1, "no links to a directory");
	check(open("d", O_RDWR) == -1 && open("d", O_CREATE) == -1,
	    "a directory is not written");
	check(chdir("d") == 0, "chdir");
	close(open("in", O_CREATE));
	check(chdir("..") == 0 && unlink("d") == -1, "it is not empty");
	check(unlink("d/in") == 0 && unlink("d") == 0,
	    "unlink takes an empty one");
	check(unlink(".") == -1 && unlink("..") == -1, "not . or ..");
}

static void
test_device(void)
{
	struct stat st;
	int fd;

	fd = open("console", O_RDWR);
	check(fd >= 0, "the console is there");
	close(fd);
	check(mknod("console", 1, 0) == -1, "and not made twice");
	unlink("console");
	check(mknod("console", 1, 0) == 0, "mknod of the console");
	fd = open("console", O_RDWR);
	check(fd >= 0, "it can be opened");
	check(fstat(fd, &st) == 0 && st.type == T_DEVICE, "it is a device");
	close(fd);
	unlink("console");
	check(mknod("none", 7, 0) == 0 && open("none", O_RDWR) == -1,
	    "a device that there is not");
	unlink("none");
}

/* How many entries of this name a directory has, byte by byte as a file. */
static int
count_name(const char *dir, const char *name)
{
	struct dirent d;
	int fd = open(dir, O_RDONLY), nr = 0;
	char text[DIRSIZ + 1];

	while (read(fd, &d, sizeof(d)) == sizeof(d)) {
		if (d.inum == 0)
			continue;
		for (int i = 0; i < DIRSIZ; i++)
			text[i] = d.name[i];
		text[DIRSIZ] = 0;
		nr += same(text, name);
	}
	close(fd);
	return nr;
}

static void
test_directory(void)
{
	static struct dirent many[64];
	char name[] = "x00";
	int fd, n;

	mkdir("d");
	check(count_name("d", ".") == 1 && count_name("d", "..") == 1,
	    "a directory has . and ..");
	chdir("d");
	for (int i = 0; i < 40; i++) {
		name[1] = '0' + i / 10;
		name[2] = '0' + i % 10;
		close(open(name, O_CREATE));
	}
	chdir("..");
	n = 0;
	for (int i = 0; i < 40; i++) {
		name[1] = '0' + i / 10;
		name[2] = '0' + i % 10;
		n += count_name("d", name);
	}
	check(n == 40, "each name is there once");
	fd = open("d", O_RDONLY);
	check(read(fd, many, 5 * sizeof(many[0])) == 5 * sizeof(many[0]),
	    "five at once");
	check(read(fd, many, sizeof(many)) == 37 * sizeof(many[0]),
	    "and what is left");
	check(read(fd, many, sizeof(many)) == 0, "then nothing");
	close(fd);
	for (int i = 0; i < 40; i++) {
		char path[] = "d/x00";

		path[3] = '0' + i / 10;
		path[4] = '0' + i % 10;
		unlink(path);
	}
	check(unlink("d") == 0, "it goes");
}

static void
test_names(void)
{
	char path[MAXPATH + 1];
	int fd;

	check(mkdir("fourteen-chars-and-more") == 0, "a name of 23");
	check(mkdir("fourteen-chars") == -1, "has 14 of them");
	check(count_name(".", "fourteen-chars") == 1, "as its directory shows");
	fd = open("fourteen-charsX/fileY", O_CREATE);
	check(fd >= 0, "and so has each part");
	close(fd);
	check(unlink("fourteen-chars/fileY") == 0, "of a longer name");
	check(unlink("fourteen-charsZ") == 0, "gone");
	memset(path, 'x', sizeof(path));
	path[MAXPATH] = 0;
	check(open(path, O_CREATE) == -1 && mkdir(path) == -1 &&
		unlink(path) == -1 && link(path, "y") == -1 &&
		link("y", path) == -1,
	    "128 characters are too many");
	path[MAXPATH - 1] = 0;
	fd = open(path, O_CREATE);
	check(fd >= 0, "127 are not");
	close(fd);
	check(unlink("xxxxxxxxxxxxxx") == 0, "of one part, 14");
}

/* A number that is free is given again, so that 16 bits are enough. */
static void
test_numbers(void)
{
	struct stat st;
	uint least = ~0u, most = 0;
	int fd;

	for (int i = 0; i < 1000; i++) {
		fd = open("n", O_CREATE);
		fstat(fd, &st);
		most = st.ino > most ? st.ino : most;
		least = st.ino < least ? st.ino : least;
		close(fd);
		unlink("n");
	}
	check(most - least < 100,
	    "a thousand files, one after the other, have few numbers");
}

static void
test_size(void)
{
	int fd = open("large", O_CREATE | O_RDWR), nr = 0;

	while (nr < 2 * MAXFILE && write(fd, buf, BSIZE) == BSIZE)
		nr++;
	check(nr == MAXFILE, "a file has at most MAXFILE blocks");
	close(fd);
	unlink("large");
}

static void
test_descriptors(void)
{
	int nr = 0, fd;

	while ((fd = dup(1)) >= 0)
		nr++;
	check(nr == NOFILE - 3, "there are NOFILE descriptors");
	for (fd = 3; fd < NOFILE; fd++)
		close(fd);
	check(close(3) == -1 && dup(3) == -1, "closed once");
}

int
main(void)
{
	test_flags();
	test_links();
	test_device();
	test_directory();
	test_names();
	test_numbers();
	test_size();
	test_descriptors();
	done();
}
