/*
 * The few programs that a shell needs before anyone has brought others: one
 * program under many names, each a function of this table's.  They do what
 * their namesakes do when nothing unusual is asked of them.
 */
/* names: cat cp echo false head kill ln ls mkdir mount mv poweroff ps pwd */
/* names: rm sleep true umount uname wc */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static const char *tool_name;

/* Says what went wrong with something; the status of whoever is content. */
static int
fail(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s: %s\n", tool_name, what, strerror(errno));
	return 1;
}

static int
usage(const char *arguments)
{
	fprintf(stderr, "usage: %s %s\n", tool_name, arguments);
	return 2;
}

/* Takes one-letter options out of the front of argv; true for those seen. */
static char **
take_options(char **argv, const char *letters, bool *seen)
{
	for (argv++; *argv && argv[0][0] == '-' && argv[0][1]; argv++)
		for (const char *p = *argv + 1; *p; p++)
			if (strchr(letters, *p))
				seen[strchr(letters, *p) - letters] = true;
	return argv;
}

/* ------------------------------------------------ what files hold */

static int
copy(int from, int to, const char *name)
{
	char buf[64 * 1024];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, w; done < n; done += w)
			if ((w = write(to, buf + done, n - done)) < 0)
				return fail("writing");
	return n < 0 ? fail(name) : 0;
}

static int
tool_cat(char **argv)
{
	int status = 0;

	if (!argv[1])
		return copy(0, 1, "standard input");
	while (*++argv) {
		int fd = strcmp(*argv, "-") ? open(*argv, O_RDONLY) : dup(0);

		status |= fd < 0 ? fail(*argv) : copy(fd, 1, *argv);
		close(fd);
	}
	return status;
}

static int
tool_head(char **argv)
{
	int lines = 10, c;
	FILE *in = stdin;

	if (*++argv && strcmp(*argv, "-n") == 0 && argv[1]) {
		lines = atoi(argv[1]);
		argv += 2;
	}
	if (*argv && !(in = fopen(*argv, "r")))
		return fail(*argv);
	while (lines > 0 && (c = getc(in)) != EOF) {
		putchar(c);
		lines -= c == '\n';
	}
	return 0;
}

static int
tool_wc(char **argv)
{
	FILE *in = argv[1] ? fopen(argv[1], "r") : stdin;
	long lines = 0, words = 0, bytes = 0;
	int c, before = ' ';

	if (!in)
		return fail(argv[1]);
	for (; (c = getc(in)) != EOF; before = c) {
		bytes++;
		lines += c == '\n';
		words += isspace(before) && !isspace(c);
	}
	printf(
	    "%7ld %7ld %7ld %s\n", lines, words, bytes, argv[1] ? argv[1] : "");
	return 0;
}

static int
tool_echo(char **argv)
{
	bool newline = !argv[1] || strcmp(argv[1], "-n") != 0;

	for (argv += newline ? 1 : 2; *argv; argv++)
		printf("%s%s", *argv, argv[1] ? " " : "");
	if (newline)
		putchar('\n');
	return 0;
}

/* ------------------------------------------------ names of files */

/* Where `from` goes: `to` itself, or its own name in the folder `to`. */
static const char *
target(const char *from, const char *to)
{
	static char path[PATH_MAX];
	struct stat st;

	if (stat(to, &st) || !S_ISDIR(st.st_mode))
		return to;
	snprintf(path, sizeof(path), "%s/%s", to, basename(strdupa(from)));
	return path;
}

static int
copy_file(const char *from, const char *to)
{
	struct stat st;
	int in = open(from, O_RDONLY), out, status;

	if (in < 0 || fstat(in, &st))
		return fail(from);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st.st_mode & 0777);
	if (out < 0)
		return fail(to);
	status = copy(in, out, from);
	close(in);
	return close(out) ? fail(to) : status;
}

static int
move_file(const char *from, const char *to)
{
	return rename(from, to) ? fail(from) : 0;
}

static int
link_file(const char *from, const char *to)
{
	return link(from, to) ? fail(from) : 0;
}

static int
symlink_file(const char *from, const char *to)
{
	return symlink(from, to) ? fail(to) : 0;
}

/* Does something with each of FROM... and the last argument. */
static int
each_to_last(char **argv, int (*act)(const char *from, const char *to))
{
	char **last = argv;
	int status = 0;

	if (!argv[0] || !argv[1])
		return usage("FROM... TO");
	while (last[1])
		last++;
	for (; argv < last; argv++)
		status |= act(*argv, target(*argv, *last));
	return status;
}

static int
tool_cp(char **argv)
{
	return each_to_last(argv + 1, copy_file);
}

static int
tool_mv(char **argv)
{
	return each_to_last(argv + 1, move_file);
}

static int
tool_ln(char **argv)
{
	bool symbolic = false;

	argv = take_options(argv, "s", &symbolic);
	return each_to_last(argv, symbolic ? symlink_file : link_file);
}

static int
tool_mkdir(char **argv)
{
	bool parents = false;
	int status = 0;

	for (argv = take_options(argv, "p", &parents); *argv; argv++) {
		for (char *p = *argv + 1; parents && (p = strchr(p, '/'));
		     p++) {
			*p = '\0';
			mkdir(*argv, 0777);
			*p = '/';
		}
		if (mkdir(*argv, 0777) && !(parents && errno == EEXIST))
			status = fail(*argv);
	}
	return status;
}

static int
remove_tree(const char *path)
{
	char below[PATH_MAX];
	DIR *dir = opendir(path);
	struct dirent *e;

	if (!dir)
		return fail(path);
	while ((e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(below, sizeof(below), "%s/%s", path, e->d_name);
		if (unlink(below) && errno == EISDIR)
			remove_tree(below);
	}
	closedir(dir);
	return rmdir(path) ? fail(path) : 0;
}

static int
tool_rm(char **argv)
{
	bool seen[2] = {false, false}; /* -r, -f */
	int status = 0;

	for (argv = take_options(argv, "rf", seen); *argv; argv++) {
		if (unlink(*argv) == 0 || (seen[1] && errno == ENOENT))
			continue;
		status |= seen[0] && errno == EISDIR ? remove_tree(*argv)
						     : fail(*argv);
	}
	return status;
}

static int
tool_pwd(char **argv __attribute__((unused)))
{
	char path[PATH_MAX];

	return getcwd(path, sizeof(path)) ? puts(path) < 0 : fail("getcwd");
}

/* ------------------------------------------------ ls */

static void
list_long(const char *path, const char *name)
{
	static const char bits[] = "rwxrwxrwx";
	char mode[] = "?---------", target_name[PATH_MAX] = "", when[32];
	struct stat st;

	if (lstat(path, &st)) {
		fail(path);
		return;
	}
	mode[0] = "?pc?d?b?-?l?s???"[st.st_mode >> 12 & 15];
	for (int i = 0; i < 9; i++)
		if (st.st_mode >> (8 - i) & 1)
			mode[i + 1] = bits[i];
	strftime(when, sizeof(when), "%F %R", localtime(&st.st_mtime));
	printf("%s %3lu %4u %4u %9lu %s %s", mode, (long)st.st_nlink, st.st_uid,
	    st.st_gid, (long)st.st_size, when, name);
	if (S_ISLNK(st.st_mode) &&
	    readlink(path, target_name, sizeof(target_name) - 1) > 0)
		printf(" -> %s", target_name);
	putchar('\n');
}

static int
list(const char *path, bool all, bool full)
{
	struct dirent **names;
	struct stat st;
	int n;

	if (lstat(path, &st))
		return fail(path);
	if (!S_ISDIR(st.st_mode)) {
		full ? list_long(path, path) : (void)puts(path);
		return 0;
	}
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		return fail(path);
	for (int i = 0; i < n; i++) {
		const char *name = names[i]->d_name;
		char below[PATH_MAX];

		snprintf(below, sizeof(below), "%s/%s", path, name);
		if (name[0] == '.' && !all)
			continue;
		full ? list_long(below, name) : (void)puts(name);
	}
	return 0;
}

static int
tool_ls(char **argv)
{
	bool seen[2] = {false, false}; /* -a, -l */
	int status = 0;

	argv = take_options(argv, "al", seen);
	if (!*argv)
		return list(".", seen[0], seen[1]);
	for (; *argv; argv++)
		status |= list(*argv, seen[0], seen[1]);
	return status;
}

/* ------------------------------------------------ processes */

static int
tool_ps(char **argv __attribute__((unused)))
{
	DIR *dir = opendir("/proc");
	struct dirent *e;

	if (!dir)
		return fail("/proc");
	printf("  PID  PPID S COMMAND\n");
	while ((e = readdir(dir))) {
		char path[NAME_MAX + 32], name[32] = "", state = '?';
		int pid, ppid = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !(f = fopen(path, "r")))
			continue;
		if (fscanf(f, "%d (%31[^)]) %c %d", &pid, name, &state,
			&ppid) == 4)
			printf("%5d %5d %c %s\n", pid, ppid, state, name);
		fclose(f);
	}
	return 0;
}

static int
signal_number(const char *name)
{
	if (isdigit((unsigned char)*name))
		return atoi(name);
	for (int sig = 1; sig < NSIG; sig++)
		if (sigabbrev_np(sig) && strcmp(sigabbrev_np(sig), name) == 0)
			return sig;
	return -1;
}

static int
tool_kill(char **argv)
{
	int sig = SIGTERM, status = 0;

	if (*++argv && **argv == '-')
		sig = signal_number(*argv++ + 1);
	if (!*argv)
		return usage("[-SIGNAL] PID...");
	for (; *argv; argv++)
		if (kill(atoi(*argv), sig))
			status = fail(*argv);
	return status;
}

static int
tool_sleep(char **argv)
{
	double s = argv[1] ? strtod(argv[1], NULL) : 0;
	struct timespec left = {s, (s - (long)s) * 1e9};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
	return 0;
}

static int
tool_true(char **argv __attribute__((unused)))
{
	return 0;
}

static int
tool_false(char **argv __attribute__((unused)))
{
	return 1;
}

/* ------------------------------------------------ the machine */

static int
tool_uname(char **argv)
{
	struct utsname u;

	uname(&u);
	if (argv[1] && strcmp(argv[1], "-a") == 0)
		printf("%s %s %s %s %s\n", u.sysname, u.nodename, u.release,
		    u.version, u.machine);
	else if (argv[1] && strcmp(argv[1], "-r") == 0)
		puts(u.release);
	else
		puts(u.sysname);
	return 0;
}

static int
tool_mount(char **argv)
{
	char *type = "";

	if (!argv[1])
		return tool_cat((char *[]){"cat", "/proc/mounts", NULL});
	if (strcmp(*++argv, "-t") == 0 && argv[1]) {
		type = argv[1];
		argv += 2;
	}
	if (!argv[0] || !argv[1])
		return usage("[-t TYPE] WHAT WHERE");
	return mount(argv[0], argv[1], type, 0, NULL) ? fail(argv[1]) : 0;
}

static int
tool_umount(char **argv)
{
	if (!argv[1])
		return usage("WHERE");
	return umount(argv[1]) ? fail(argv[1]) : 0;
}

/* Init takes the disks down first; -f is for who has none, or another init. */
static int
tool_poweroff(char **argv)
{
	sync();
	if (argv[1] && !strcmp(argv[1], "-f"))
		return reboot(RB_POWER_OFF) ? fail("reboot") : 0;
	for (;;) {
		if (kill(1, SIGUSR2))
			return fail("init");
		/* Once more, should init have been between two waits. */
		sleep(1);
	}
}

static const struct {
	const char *name;
	int (*run)(char **argv);
} tools[] = {
    {"cat", tool_cat},
    {"cp", tool_cp},
    {"echo", tool_echo},
    {"false", tool_false},
    {"head", tool_head},
    {"kill", tool_kill},
    {"ln", tool_ln},
    {"ls", tool_ls},
    {"mkdir", tool_mkdir},
    {"mount", tool_mount},
    {"mv", tool_mv},
    {"poweroff", tool_poweroff},
    {"ps", tool_ps},
    {"pwd", tool_pwd},
    {"rm", tool_rm},
    {"sleep", tool_sleep},
    {"true", tool_true},
    {"umount", tool_umount},
    {"uname", tool_uname},
    {"wc", tool_wc},
};

int
main(int argc, char **argv)
{
	int status = 127;

	/* As `tools NAME ARG...` too, where there are no links. */
	if (argc > 1 && strcmp(basename(argv[0]), "tools") == 0)
		argv++;
	tool_name = basename(argv[0]);
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(tools[i].name, tool_name) == 0)
			status = tools[i].run(argv);
	if (status == 127)
		fprintf(stderr, "%s: not one of the tools\n", tool_name);
	if (fflush(stdout))
		return fail("writing");
	return status;
}
