/* /proc/sys: what may be asked of the kernel's own settings, and set. */
#include <linux/stat.h>

#include "core/random.h"
#include "fs/cred.h"
#include "fs/epoll.h"
#include "fs/file.h"
#include "fs/inotify.h"
#include "fs/pipe.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "proc/limits.h"
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

/* ---- threads and files ----------------------------------------------------
 */

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One number, with white space around it.  Errors: -EINVAL. */
static int
number_of(const char *text, u64 min, u64 max, u64 *val)
{
	const char *end;

	while (is_space(*text))
		text++;
	if (str_to_u64(text, 10, &end, val) != 0)
		return -EINVAL;
	while (is_space(*end))
		end++;
	return *end != '\0' || *val < min || *val > max ? -EINVAL : 0;
}

/* As many as a thread's number has values, on Linux. */
#define MAX_THREADS_MAX 0x3fffffff

static int
show_threads_max(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%u\n", threads_max());
	return 0;
}

static int
write_threads_max(struct procfs_key key, const char *text, size_t len)
{
	u64 val;
	int err = number_of(text, 1, MAX_THREADS_MAX, &val);

	(void)key;
	(void)len;
	if (err == 0)
		threads_set_max((u32)val);
	return err;
}

static int
show_file_max(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%lu\n", file_max());
	return 0;
}

static int
write_file_max(struct procfs_key key, const char *text, size_t len)
{
	u64 val;
	int err = number_of(text, 0, INT64_MAX, &val);

	(void)key;
	(void)len;
	if (err == 0)
		file_set_max(val);
	return err;
}

/* Those that there are, those of them that are free, and the limit. */
static int
show_file_nr(struct seq *s, struct procfs_key key)
{
	(void)key;
	seq_print(s, "%lu\t0\t%lu\n", file_count(), file_max());
	return 0;
}

/* ---- /proc/sys/kernel/random ----------------------------------------------
 */

#define UUID_WORDS 2

/* Sixteen random bytes as a name: but for six bits, which say that it is one.
 */
static void
print_uuid(struct seq *s, const u64 *words)
{
	const u8 *b = (const u8 *)words;
	char text[40];
	char *at = text;
	u32 i;

	for (i = 0; i < UUID_WORDS * sizeof(u64); i++) {
		u8 byte = b[i];

		if (i == 6)
			byte = (byte & 0x0f) | 0x40;
		if (i == 8)
			byte = (byte & 0x3f) | 0x80;
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		at += fmt_snprint(at, 3, "%02x", byte);
	}
	seq_print(s, "%s\n", text);
}

static int
show_uuid(struct seq *s, struct procfs_key key)
{
	u64 words[UUID_WORDS];

	(void)key;
	random_bytes(words, sizeof(words));
	print_uuid(s, words);
	return 0;
}

/* Drawn by who first asks: who comes second finds words that are not 0. */
static int
show_boot_id(struct seq *s, struct procfs_key key)
{
	static u64 id[UUID_WORDS]; /* a */
	u64 words[UUID_WORDS];
	u32 i;

	(void)key;
	for (i = 0; i < UUID_WORDS; i++) {
		u64 none = 0;

		(void)atomic_cas(&id[i], &none, random_u64() | 1);
		words[i] = atomic_load(&id[i]);
	}
	print_uuid(s, words);
	return 0;
}

/* ---- numbers that are what they are ------------------------------------- */

#define NUMBER(name, value)                                                    \
	static int show_##name(struct seq *s, struct procfs_key key)           \
	{                                                                      \
		(void)key;                                                     \
		seq_print(s, "%lu\n", (u64)(value));                           \
		return 0;                                                      \
	}

NUMBER(cap_last_cap, CAP_LAST_CAP)
/* The log takes CAP_SYSLOG. */
NUMBER(dmesg_restrict, 1)
NUMBER(max_map_count, MM_MAX_REGIONS)
NUMBER(ngroups_max, CRED_MAX_GROUPS)
NUMBER(nr_open, LIMITS_MAX_FILES)
/* For numbers that a field of 16 bits has no room for. */
NUMBER(overflow_id, 65534)
NUMBER(pipe_max_size, PIPE_MAX_BYTES)
/* The key that random bytes come from, in bits; nothing uses it up. */
NUMBER(random_bits, 256)
/* Stacks, mappings and the heap: see personality(2). */
NUMBER(randomize_va_space, 2)

/* ---- the folders --------------------------------------------------------- */

#define NUMBER_ENTRY(text, short)                                              \
	{                                                                      \
		.name = text, .mode = S_IFREG | 0444, .show = show_##short     \
	}

static const struct procfs_entry random_entries[] = {
    {.name = "boot_id", .mode = S_IFREG | 0444, .show = show_boot_id},
    NUMBER_ENTRY("entropy_avail", random_bits),
    NUMBER_ENTRY("poolsize", random_bits),
    {.name = "uuid", .mode = S_IFREG | 0444, .show = show_uuid},
};
static struct procfs_table random_table = {
    random_entries, ARRAY_SIZE(random_entries), NULL};
static struct procfs_dir random_dir = {.tables = &random_table};

static const struct procfs_entry kernel_entries[] = {
    NUMBER_ENTRY("cap_last_cap", cap_last_cap),
    NUMBER_ENTRY("dmesg_restrict", dmesg_restrict),
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
    NUMBER_ENTRY("overflowgid", overflow_id),
    NUMBER_ENTRY("overflowuid", overflow_id),
    {.name = "pid_max",
	.mode = S_IFREG | 0644,
	.show = show_pid_max,
	.write = write_pid_max},
    {.name = "random", .mode = S_IFDIR | 0555, .dir = &random_dir},
    NUMBER_ENTRY("randomize_va_space", randomize_va_space),
    {.name = "threads-max",
	.mode = S_IFREG | 0644,
	.show = show_threads_max,
	.write = write_threads_max},
    {.name = "version", .mode = S_IFREG | 0444, .show = show_kernel_version},
};
static const struct procfs_entry vm_entries[] = {
    NUMBER_ENTRY("max_map_count", max_map_count),
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
    {.name = "file-max",
	.mode = S_IFREG | 0644,
	.show = show_file_max,
	.write = write_file_max},
    {.name = "file-nr", .mode = S_IFREG | 0444, .show = show_file_nr},
    {.name = "inotify", .mode = S_IFDIR | 0555, .dir = &inotify_dir},
    NUMBER_ENTRY("nr_open", nr_open),
    NUMBER_ENTRY("overflowgid", overflow_id),
    NUMBER_ENTRY("overflowuid", overflow_id),
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
