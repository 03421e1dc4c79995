/*
 * Names that were used before: whatever was known of them, what is there now
 * is found, and what is gone is not.
 */
#include "files.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#define NR_NAMES 3000
#define ROUNDS   3000

static void
gone_and_back(void)
{
	ino_t was;
	int fd;

	file_make("a", "one");
	was = file_ino("a");
	fd = must(open("a", O_RDONLY));
	must(unlink("a"));
	is_errno(open("a", O_RDONLY), ENOENT, "a known name that is gone");
	file_make("a", "two");
	is(file_holds("a", "two"), 1, "another file of that name is found");
	is(file_ino("a") != was, 1, "and not the one that is still open");
	close(fd);
	is_errno(access("b", F_OK), ENOENT, "a name that is not there");
	must(link("a", "b"));
	is(file_holds("b", "two"), 1, "once it is");
	must(unlink("a"));
	is(file_holds("b", "two"), 1, "a file is there by its other name");
	must(rename("b", "a"));
	is_errno(access("b", F_OK), ENOENT, "the old name of what moved");
	must(unlink("a"));
}

static void
moved_folder(void)
{
	must(mkdir("d", 0755));
	must(mkdir("d/e", 0755));
	file_make("d/e/f", "first");
	is(file_holds("d/e/f", "first"), 1, "a name below two folders");
	must(rename("d", "g"));
	is_errno(access("d/e/f", F_OK), ENOENT, "not by the old way");
	is(file_holds("g/e/f", "first"), 1, "but by the new one");
	must(mkdir("d", 0755));
	must(mkdir("d/e", 0755));
	is_errno(access("d/e/f", F_OK), ENOENT, "nor in a new folder");
	file_make("d/e/f", "second");
	must(raw(renameat2, AT_FDCWD, "d", AT_FDCWD, "g", 2) == 0 ? 0 : -1);
	is(file_holds("g/e/f", "second"), 1, "exchanged: one");
	is(file_holds("d/e/f", "first"), 1, "and the other");
	must(rename("d/e/f", "g/e/f"));
	is(file_holds("g/e/f", "first"), 1, "over a known name");
	is_errno(access("d/e/f", F_OK), ENOENT, "from one");
	must(rmdir("d/e"));
	is_errno(access("d/e", F_OK), ENOENT, "a folder that is gone");
	must(symlink("../g/e", "d/e"));
	is(file_holds("d/e/f", "first"), 1, "and is a link now");
}

static void
try_closed(void)
{
	is_errno(access("r/s/f", F_OK), EACCES, "its rights were taken away");
}

static void
rights(void)
{
	must(mkdir("r", 0755));
	must(mkdir("r/s", 0755));
	file_make("r/s/f", "");
	is(access("r/s/f", F_OK), 0, "a known name");
	must(chmod("r", 0700));
	as_user(try_closed);
	must(chmod("r", 0755));
	must(chmod("r/s", 0600));
	as_user(try_closed);
	is(access("r/s/f", F_OK), 0, "root is let in");
}

static void
covered(void)
{
	must(mkdir("m", 0755));
	must(mkdir("m/n", 0755));
	file_make("m/n/f", "below");
	is(file_holds("m/n/f", "below"), 1, "a known name");
	must(mount("x", "m", "tmpfs", 0, NULL));
	is_errno(access("m/n/f", F_OK), ENOENT, "something stands over it");
	must(mkdir("m/n", 0755));
	file_make("m/n/f", "above");
	is(file_holds("m/n/f", "above"), 1, "what stands there is found");
	is(umount("m"), 0, "known names keep no mount");
	is(file_holds("m/n/f", "below"), 1, "and what was below is back");
	must(mount("m/n", "m", NULL, MS_BIND, NULL));
	is(file_holds("m/f", "below"), 1, "a folder over what it is in");
	is(umount("m"), 0, "which goes too");
}

static void
many(void)
{
	char path[32];
	int wrong = 0;

	must(mkdir("many", 0755));
	for (int i = 0; i < NR_NAMES; i++) {
		sprintf(path, "many/%d", i);
		wrong += mkdir(path, 0755) != 0;
	}
	for (int i = 0; i < 2 * NR_NAMES; i++) {
		sprintf(path, "many/%d", i % NR_NAMES);
		wrong += !file_exists(path);
	}
	is(wrong, 0, "thousands of names are found");
	for (int i = 0; i < NR_NAMES; i++) {
		sprintf(path, "many/%d", i);
		wrong += rmdir(path) != 0 || file_exists(path);
	}
	is(wrong, 0, "and each goes");
	is(rmdir("many"), 0, "then nothing is left");
}

/* A name may be missed while it moves, but nothing else may be said of it. */
static void
look(void)
{
	for (int i = 0; i < ROUNDS; i++)
		if (access(i % 2 ? "w/1/f" : "w/0/f", F_OK) != 0 &&
		    errno != ENOENT)
			_exit(1);
}

static void
move(void)
{
	for (int i = 0; i < ROUNDS; i++)
		if (rename(i % 2 ? "w/1" : "w/0", i % 2 ? "w/0" : "w/1") != 0)
			_exit(2);
}

static void
at_once(void)
{
	pid_t pids[4];

	must(mkdir("w", 0755));
	must(mkdir("w/0", 0755));
	file_make("w/0/f", "here");
	for (int i = 0; i < 4; i++) {
		pids[i] = must(fork());
		if (pids[i] == 0) {
			i == 0 ? move() : look();
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++)
		is(wait_status(pids[i]), 0, "walks and moves at once");
	is(file_holds("w/0/f", "here"), 1, "it is where it went last");
	is_errno(access("w/1/f", F_OK), ENOENT, "and only there");
}

TEST(fs_names)
{
	gone_and_back();
	moved_folder();
	rights();
	covered();
	many();
	at_once();
}
