/* /proc/sys: what may be asked of the kernel's own settings, and set. */
#include <linux/stat.h>

#include "fs/cred.h"
#include "fs/epoll.h"
#include "fs/inotify.h"
#include "fs/pipe.h"
#include "lib/string.h"
#include "proc/procfs.h"
#include "proc/procfs_view.h"
#include "proc/rights.h"
#include "proc/uts.h"

static int
show_pid_max(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%d\n", pid_max());
	return 0;
}

static int
write_pid_max(struct procfs_key key, const char *text, size_t len)
{
	u64 val;

	(void)key;
	(void)len;
	if (str_to_u64(text, 10, NULL, &val) != 0 || val > INT32_MAX)
		return -EINVAL;
	return pid_set_max(val);
}

static int
show_ostype(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_puts(s, "Linux\n");
	return 0;
}

static int
show_release(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%s\n", KERNEL_RELEASE);
	return 0;
}

static int
show_kernel_version(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%s\n", KERNEL_VERSION);
	return 0;
}

static int
show_hostname(struct seq *s, struct procfs_key key)
{
	struct new_utsname names;

	(void)key;
	uts_read(&names);
	seq_print(s, "%s\n", names.nodename);
	return 0;
}

static int
show_domainname(struct seq *s, struct procfs_key key)
{
	struct new_utsname names;

	(void)key;
	uts_read(&names);
	seq_print(s, "%s\n", names.domainname);
	return 0;
}

/* A name ends with its line, and what is too long is cut off. */
static size_t
name_bytes(const char *text, size_t len)
{
	size_t n = 0;

	while (
	    n < len && n < __NEW_UTS_LEN && text[n] != '\n' && text[n] != '\0')
		n++;
	return n;
}

static int
write_hostname(struct procfs_key key, const char *text, size_t len)
{
	(void)key;
	uts_set_host(text, name_bytes(text, len));
	return 0;
}

static int
write_domainname(struct procfs_key key, const char *text, size_t len)
{
	(void)key;
	uts_set_domain(text, name_bytes(text, len));
	return 0;
}

/* /proc/sys/vm/overcommit_memory: always, see docs/memory.md. */
static int
show_overcommit(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_puts(s, "1\n");
	return 0;
}

/* /proc/sys/fs/epoll/max_user_watches */
static int
show_max_watches(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%lu\n", epoll_max_watches());
	return 0;
}

static int
write_max_watches(struct procfs_key key, const char *text, size_t len)
{
	u64 val;

	(void)key;
	(void)len;
	if (str_to_u64(text, 10, NULL, &val) != 0)
		return -EINVAL;
	epoll_set_max_watches(val);
	return 0;
}

/* ---- /proc/sys/fs/inotify ------------------------------------------------ */

static int
write_inotify(enum inotify_limit which, const char *text)
{
	u64 val;

	if (str_to_u64(text, 10, NULL, &val) != 0 || val > INT32_MAX)
		return -EINVAL;
	inotify_set_limit(which, val);
	return 0;
}

#define INOTIFY_LIMIT(name, which)                                             \
	static int show_inotify_##name(struct seq *s, struct procfs_key key)   \
	{                                                                      \
		(void)key;                                                     \
		seq_print(s, "%u\n", inotify_limit(which));                    \
		return 0;                                                      \
	}                                                                      \
	static int write_inotify_##name(                                       \
	    struct procfs_key key, const char *text, size_t len)               \
	{                                                                      \
		(void)key;                                                     \
		(void)len;                                                     \
		return write_inotify(which, text);                             \
	}

INOTIFY_LIMIT(events, INOTIFY_EVENTS)
INOTIFY_LIMIT(instances, INOTIFY_INSTANCES)
INOTIFY_LIMIT(watches, INOTIFY_WATCHES)

#define INOTIFY_ENTRY(file, short)                                             \
	{                                                                      \
		.name = file, .mode = S_IFREG | 0644,                          \
		.show = show_inotify_##short, .write = write_inotify_##short   \
	}

static const struct procfs_entry inotify_entries[] = {
    INOTIFY_ENTRY("max_queued_events", events),
    INOTIFY_ENTRY("max_user_instances", instances),
    INOTIFY_ENTRY("max_user_watches", watches),
};
static struct procfs_table inotify_table = {
    inotify_entries, ARRAY_SIZE(inotify_entries), NULL};
static struct procfs_dir inotify_dir = {.tables = &inotify_table};

/* ---- numbers that are what they are ------------------------------------- */

#define NUMBER(name, value)                                                    \
	static int show_##name(struct seq *s, struct procfs_key key)           \
	{                                                                      \
		(void)key;                                                     \
		seq_print(s, "%lu\n", (u64)(value));                           \
		return 0;                                                      \
	}

NUMBER(cap_last_cap, RIGHTS_LAST_CAP)
NUMBER(ngroups_max, CRED_MAX_GROUPS)
NUMBER(pipe_max_size, PIPE_MAX_BYTES)
/* Stacks, mappings and the heap: see personality(2). */
NUMBER(randomize_va_space, 2)

/* ---- the folders --------------------------------------------------------- */

#define NUMBER_ENTRY(text, short)                                              \
	{                                                                      \
		.name = text, .mode = S_IFREG | 0444, .show = show_##short     \
	}

static const struct procfs_entry kernel_entries[] = {
    NUMBER_ENTRY("cap_last_cap", cap_last_cap),
    {.name = "domainname",
	.mode = S_IFREG | 0644,
	.show = show_domainname,
	.write = write_domainname},
    {.name = "hostname",
	.mode = S_IFREG | 0644,
	.show = show_hostname,
	.write = write_hostname},
    NUMBER_ENTRY("ngroups_max", ngroups_max),
    {.name = "osrelease", .mode = S_IFREG | 0444, .show = show_release},
    {.name = "ostype", .mode = S_IFREG | 0444, .show = show_ostype},
    {.name = "pid_max",
	.mode = S_IFREG | 0644,
	.show = show_pid_max,
	.write = write_pid_max},
    NUMBER_ENTRY("randomize_va_space", randomize_va_space),
    {.name = "version", .mode = S_IFREG | 0444, .show = show_kernel_version},
};
static const struct procfs_entry vm_entries[] = {
    {.name = "overcommit_memory",
	.mode = S_IFREG | 0444,
	.show = show_overcommit},
};
static const struct procfs_entry epoll_entries[] = {
    {.name = "max_user_watches",
	.mode = S_IFREG | 0644,
	.show = show_max_watches,
	.write = write_max_watches},
};
static struct procfs_table epoll_table = {
    epoll_entries, ARRAY_SIZE(epoll_entries), NULL};
static struct procfs_dir epoll_dir = {.tables = &epoll_table};
static const struct procfs_entry fs_entries[] = {
    {.name = "epoll", .mode = S_IFDIR | 0555, .dir = &epoll_dir},
    {.name = "inotify", .mode = S_IFDIR | 0555, .dir = &inotify_dir},
    NUMBER_ENTRY("pipe-max-size", pipe_max_size),
};
static struct procfs_table fs_table = {
    fs_entries, ARRAY_SIZE(fs_entries), NULL};
static struct procfs_dir fs_dir = {.tables = &fs_table};
static struct procfs_table kernel_table = {
    kernel_entries, ARRAY_SIZE(kernel_entries), NULL};
static struct procfs_table vm_table = {
    vm_entries, ARRAY_SIZE(vm_entries), NULL};
static struct procfs_dir kernel_dir = {.tables = &kernel_table};
static struct procfs_dir vm_dir = {.tables = &vm_table};

static const struct procfs_entry sys_entries[] = {
    {.name = "fs", .mode = S_IFDIR | 0555, .dir = &fs_dir},
    {.name = "kernel", .mode = S_IFDIR | 0555, .dir = &kernel_dir},
    {.name = "vm", .mode = S_IFDIR | 0555, .dir = &vm_dir},
};
static struct procfs_table sys_table = {
    sys_entries, ARRAY_SIZE(sys_entries), NULL};
struct procfs_dir procfs_sys_dir = {.tables = &sys_table};
