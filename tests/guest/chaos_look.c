/*
 * Deeds that look at /proc while all the rest is done; see chaos.h.  Whatever a
 * folder lists is looked at: files are read in pieces and from a drawn place,
 * links are read, what is behind another's descriptor is opened and polled.
 */
#include "chaos.h"

#include <ctype.h>
#include <dirent.h>
#include <poll.h>

#define MANY_FILES  40
#define MOST_PIECES 20
#define FARTHEST    100000

static __thread int files_left;

static void
look_at_file(const char *path)
{
	char *buf = chaos_bytes();
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	for (int i = 0; i < MOST_PIECES; i++)
		if (read(fd, buf, 1 + chaos_draw(CHAOS_BYTES - 1)) <= 0)
			break;
	lseek(fd, chaos_draw(FARTHEST), SEEK_SET);
	(void)!read(fd, buf, chaos_draw(100));
	close(fd);
}

/* Only the family's: a descriptor of others might lead to the console. */
static void
look_behind_link(const char *path, bool of_family)
{
	struct pollfd p = {.events = POLLIN | POLLOUT | POLLPRI};

	(void)!readlink(path, chaos_bytes(), 100);
	if (!of_family || !strstr(path, "/fd/"))
		return;
	p.fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (p.fd < 0)
		return;
	poll(&p, 1, 0);
	close(p.fd);
}

/* One in so many of what is listed, and of that each folder with less. */
static void
look_at_folder(const char *path, bool of_family, int in)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char name[512];

	while (dir && files_left > 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !chaos_once(in))
			continue;
		files_left--;
		snprintf(name, sizeof(name), "%.200s/%s", path, entry->d_name);
		if (entry->d_type == DT_REG)
			look_at_file(name);
		else if (entry->d_type == DT_LNK)
			look_behind_link(name, of_family);
		else if (entry->d_type == DT_DIR && strlen(name) < 100)
			look_at_folder(name, of_family, 3);
	}
	if (dir)
		closedir(dir);
}

static bool
is_number(const char *text)
{
	return isdigit((unsigned char)*text);
}

static void
look_at_process(const char *number)
{
	char path[300];

	snprintf(path, sizeof(path), "/proc/%s", number);
	look_at_folder(path, atoi(number) > chaos_parent(), 4);
}

void
chaos_look(int files)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	files_left = files;
	while (dir && files_left > 0 && (entry = readdir(dir)))
		if (chaos_once(4) && is_number(entry->d_name))
			look_at_process(entry->d_name);
	if (dir)
		closedir(dir);
}

static bool
look_at_all(void)
{
	if (!chaos_once(3))
		return false;
	chaos_look(MANY_FILES);
	return true;
}

static bool
look_at_self(void)
{
	files_left = MANY_FILES / 4;
	look_at_folder(
	    chaos_draw(2) ? "/proc/self" : "/proc/thread-self", false, 3);
	return true;
}

/* What a descriptor is, as the process itself and its relatives see it. */
static bool
look_at_descriptor(void)
{
	static const char *const what[] = {"fd", "fdinfo"};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s/%u",
	    chaos_draw(2) ? getpid() : chaos_relative(), CHAOS_PICK(what),
	    3 + chaos_draw(20));
	if (strstr(path, "info"))
		look_at_file(path);
	else
		look_behind_link(path, true);
	return true;
}

/* Kept open: its process may end, exec, or lose its first thread. */
static bool
keep_file(void)
{
	static const char *const what[] = {"status", "stat", "maps", "smaps",
	    "fd", "task", "fdinfo", "environ", "cmdline", "pagemap", "limits",
	    "mounts", "cwd", "exe", "io", ""};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", chaos_relative(),
	    CHAOS_PICK(what));
	return chaos_keep(CHAOS_FOLDER, open(path, O_RDONLY | O_NONBLOCK));
}

/* What is not of one process. */
static bool
look_at_machine(void)
{
	static const char *const files[] = {"/proc/mounts", "/proc/stat",
	    "/proc/meminfo", "/proc/loadavg", "/proc/uptime", "/proc/version",
	    "/proc/filesystems", "/proc/calf/frames", "/proc/calf/stat",
	    "/proc/locks", "/proc/interrupts", "/dev/pts", "/proc"};

	look_at_file(CHAOS_PICK(files));
	return true;
}

const struct chaos_deed chaos_look_deeds[] = {
    {"look at all of /proc", look_at_all, 3},
    {"look at oneself", look_at_self, 1},
    {"look at a descriptor", look_at_descriptor, 2},
    {"keep a file of /proc", keep_file, 2},
    {"look at the machine", look_at_machine, 1},
    {},
};
