/* /proc/self/mountinfo: what is mounted where, and which part of it. */
#include "files.h"

#include <sys/mount.h>
#include <sys/sysmacros.h>

struct line {
	int id, parent;
	unsigned int major, minor;
	char root[256], at[256], flags[128], type[32], source[64], own[128];
};

/* Reads a line; the optional fields before the "-" are passed over. */
static bool
parse(const char *text, struct line *l)
{
	const char *rest = strstr(text, " - ");

	return rest != NULL &&
	    sscanf(text, "%d %d %u:%u %255s %255s %127s", &l->id, &l->parent,
		&l->major, &l->minor, l->root, l->at, l->flags) == 7 &&
	    sscanf(rest, " - %31s %63s %127s", l->type, l->source, l->own) == 3;
}

/* The last line of a place below the working directory, or of another. */
static bool
find(const char *place, struct line *l)
{
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char text[2048], want[PATH_MAX + 256];
	bool found = false;
	struct line next;

	if (f == NULL)
		return false;
	if (place[0] == '/') {
		snprintf(want, sizeof(want), "%s", place);
	} else {
		char cwd[PATH_MAX];

		ensure(getcwd(cwd, sizeof(cwd)) != NULL);
		snprintf(want, sizeof(want), "%s/%s", cwd, place);
	}
	while (fgets(text, sizeof(text), f)) {
		if (!ok(parse(text, &next), "a line has its fields"))
			note("%s", text);
		else if (strcmp(next.at, want) == 0) {
			*l = next;
			found = true;
		}
	}
	fclose(f);
	return found;
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static void
tells(void)
{
	struct line root, m;
	struct stat st;

	must(mount("a b", "m", "tmpfs", MS_NOSUID | MS_NOEXEC, NULL));
	ensure(find("/", &root));
	if (!ok(find("m", &m), "what was mounted has a line"))
		return;
	must(stat("m", &st));
	is(m.major, major(st.st_dev), "the device's major");
	is(m.minor, minor(st.st_dev), "and minor number are stat's");
	str_is(m.root, "/", "all of it is seen");
	str_is(m.type, "tmpfs", "its type");
	str_is(m.source, "a\\040b", "its source, a blank written as a number");
	ok(begins(m.flags, "rw,nosuid,noexec"), "flags of the mount");
	ok(begins(m.own, "rw"), "and what the file system adds");
	ok(m.id != root.id, "each has a number");
	must(mkdir("m/d", 0755));
}

static void
parts(void)
{
	struct line m, n;

	ensure(find("m", &m));
	must(mount("m/d", "n", NULL, MS_BIND, NULL));
	if (!ok(find("n", &n), "so does a bind mount"))
		return;
	str_is(n.root, "/d", "and tells which part is seen");
	is(n.parent, m.parent, "what it stands on is the same");
	ok(n.major == m.major && n.minor == m.minor, "the device, too");
	must(rename("m/d", "m/e f"));
	ensure(find("n", &n));
	str_is(n.root, "/e\\040f", "a part that was renamed");
	must(mount(NULL, "n", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
	ensure(find("n", &n));
	ok(begins(n.flags, "ro"), "a mount that is only read");
	ok(begins(n.own, "rw"), "of what can be written");
	must(umount("n"));
	ok(!find("n", &n), "after umount it has none");
}

static void
stacked(void)
{
	struct line below, above;

	must(mkdir("m/x", 0755));
	ensure(find("m", &below));
	must(mount("none", "m/x", "tmpfs", MS_RDONLY, NULL));
	if (ok(find("m/x", &above), "one within another")) {
		is(above.parent, below.id, "has it as its parent");
		ok(begins(above.own, "ro"), "a file system that is only read");
	}
	must(umount("m/x"));
}

static void
seen_from_inside(void)
{
	struct line l;

	must(mkdir("m/proc", 0755));
	must(mount("none", "m/proc", "proc", 0, NULL));
	must(chroot("m"));
	must(chdir("/"));
	ok(find("/proc", &l), "whose root it is sees it from there");
	ok(find("/", &l), "and its root");
	str_is(l.type, "tmpfs", "which is the mount, not what holds it");
}

TEST(fs_mountinfo)
{
	must(mkdir("m", 0755));
	must(mkdir("n", 0755));
	tells();
	parts();
	stacked();
	lives(seen_from_inside, "from another root");
	must(umount("m/proc"));
	must(umount("m"));
}
