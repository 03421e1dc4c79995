/*
 * How a program begins, and the first one of a family of them.
 *
 * The first finds no XV6 in its environment.  It makes the folder that it is in
 * the root of all that it and its children see, and sets what exec and fork
 * hand on: limits, signals that are ignored, no umask.  As root it also tells
 * the kernel how many processes there may be, and how much memory sbrk is to
 * leave.
 */
#include "layer.h"

#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/signal.h>
#include <linux/sysinfo.h>

/* The end of what may be mapped. */
#define USER_END 0x3fffff0000ul

/* Numbers that processes can have; some of the lowest are never given twice. */
#define MAX_PID "600"

#define AUX_EXECFN 31

char xv6_stack[USERSTACK * PAGE]
    __attribute__((section(".xv6_stack"), aligned(PAGE)));
extern char xv6_data[], xv6_data_end[];

/* The tree's main, or what it has before that. */
extern void xv6_main(int argc, char **argv);
extern int exit(int) __attribute__((noreturn));

static int
same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return *a == *b;
}

static uint64
length(const char *s)
{
	uint64 len = 0;

	while (s[len])
		len++;
	return len;
}

/* ---- the first ------------------------------------------------------------
 */

static void
write_file(const char *path, const char *text)
{
	long fd = LINUX4(__NR_openat, AT_FDCWD, path, LINUX_WRONLY, 0);

	if (fd < 0)
		return;
	LINUX3(__NR_write, fd, text, length(text));
	LINUX1(__NR_close, fd);
}

/* An eighth of memory: for the kernel, files, and the pages that fork shares.
 */
static void
keep_reserve(void)
{
	struct sysinfo info;
	char text[24], *at = text + sizeof(text) - 1;
	uint64 kib;

	if (LINUX1(__NR_sysinfo, &info) < 0)
		return;
	*at = '\0';
	for (kib = info.totalram * info.mem_unit / 1024 / 8; kib > 0; kib /= 10)
		*--at = '0' + kib % 10;
	write_file("/proc/calf/reserve", at);
}

/* The tree's largest file has to find room; half of memory is what it has. */
static void
make_room(void)
{
	LINUX5(__NR_mount, "none", "/", 0, MS_REMOUNT, "size=62%");
}

static void
limit(int what, uint64 most)
{
	uint64 both[2] = {most, most};

	LINUX4(__NR_prlimit64, 0, what, both, 0);
}

static void
ignore(int signo)
{
	uint64 action[3] = {1 /* SIG_IGN */, 0, 0};

	LINUX4(__NR_rt_sigaction, signo, action, 0, 8);
}

/* The folder that the program is in becomes the root. */
static void
enter_folder(char *path)
{
	char *slash = 0, *at;

	for (at = path; *at; at++)
		if (*at == '/')
			slash = at;
	if (slash == path)
		path = "/";
	else if (slash)
		*slash = '\0';
	else
		path = ".";
	if (LINUX1(__NR_chdir, path) == 0)
		LINUX1(__NR_chroot, ".");
}

static void
be_first(char *path)
{
	write_file("/proc/sys/kernel/pid_max", MAX_PID);
	keep_reserve();
	make_room();
	if (path)
		enter_folder(path);
	/* Its init would have made it. */
	LINUX4(__NR_mknodat, AT_FDCWD, "/console", S_IFCHR | 0666, CONSOLE);
	ignore(SIGPIPE);
	ignore(SIGXFSZ);
	LINUX1(__NR_umask, 0);
	limit(RLIMIT_NOFILE, NOFILE);
	limit(RLIMIT_FSIZE, (uint64)MAXFILE * BSIZE);
}

/* ---- each -----------------------------------------------------------------
 */

struct beginning {
	long argc;
	uint64 sp; /* the array of arguments lies there */
};

static uint64
push_arguments(char **argv, int argc)
{
	uint64 sp = (uint64)xv6_stack_end, low, at, bytes;
	char **array;
	int i;

	for (i = 0; i < argc && sp > (uint64)xv6_stack; i++)
		sp = xv6_push(sp, length(argv[i]) + 1);
	low = xv6_push(sp, (argc + 1) * sizeof(char *));
	if (low < (uint64)xv6_stack || low > (uint64)xv6_stack_end)
		exit(-1);
	array = (char **)low;
	at = (uint64)xv6_stack_end;
	for (i = 0; i < argc; i++) {
		bytes = length(argv[i]) + 1;
		at = xv6_push(at, bytes);
		array[i] = (char *)at;
		while (bytes-- > 0)
			array[i][bytes] = argv[i][bytes];
	}
	array[argc] = 0;
	return low;
}

/* Memory that a program begins with is there, as its heap is. */
static void
take(char *from, char *to)
{
	if (to > from &&
	    LINUX3(__NR_madvise, from, to - from, MADV_POPULATE_WRITE) < 0)
		exit(-1);
}

struct beginning
xv6_prepare(long *linux_stack)
{
	struct beginning b = {.argc = linux_stack[0]};
	char **argv = (char **)linux_stack + 1, **at;
	int inherits = 0;
	char *path = 0;
	uint64 *aux;

	for (at = argv + b.argc + 1; *at; at++)
		inherits |= same(*at, "XV6=1");
	for (aux = (uint64 *)(at + 1); aux[0]; aux += 2)
		if (aux[0] == AUX_EXECFN)
			path = (char *)aux[1];
	if (!inherits)
		be_first(path);
	take(xv6_data, xv6_data_end);
	take(xv6_stack, xv6_stack_end);
	b.sp = push_arguments(argv, b.argc);
	return b;
}

/* On the small stack.  The large one goes, and all else up there. */
void
xv6_begin(int argc, char **argv)
{
	LINUX2(__NR_munmap, xv6_stack_end, USER_END - (uint64)xv6_stack_end);
	xv6_main(argc, argv);
	exit(0);
}
