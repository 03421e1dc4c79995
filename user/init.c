/*
 * The first process, on calf and on Linux alike.
 *
 * It has two lives, told apart by one word of the kernel's command line, which
 * kernels hand to init in its environment:
 *
 *   calf_exec=NONCE   Run the command in /calf/argv (each argument ended by a
 *                     zero byte), say on the console that it begins and how it
 *                     ended, power off.  With calf_channel=TERMINAL its own
 *                     input and output are there (channel.c).  Otherwise it has
 *                     no input, and `./calf exec` reads what lies between the
 *                     two lines, so the console must add nothing (no carriage
 *                     returns), and nobody else may write there.
 *   otherwise         Run a shell on the console, power off when it exits:
 *                     /bin/sh, or what calf_shell=PATH says.
 *
 * In both, whatever loses its parent becomes ours and is reaped, and the
 * signals of `poweroff`, `reboot` and `halt` are heeded (end.c).
 *
 * With root=DISK (root.c) the first process of the initramfs becomes that of a
 * disk, which usually is this program again.  Power goes off when every disk is
 * as if unmounted (mounts.c).
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "init/init.h"

#define MODULES     "/calf/modules"
#define SHELL       "/bin/sh"
#define HOME        "/root"
#define HOSTNAME    "/etc/hostname"
#define SEARCH_PATH "/bin:/sbin:/usr/bin:/usr/sbin:/tests:/"

/* Exit statuses that POSIX gives a command that could not be run. */
enum {
	CANNOT_RUN = 126,
	NOT_FOUND = 127
};

/*
 * Names in /dev that programs expect, none of them a device.  What is there
 * already stays.
 */
static void
fill_dev(void)
{
	static const char *const links[][2] = {
	    {"/proc/self/fd", "/dev/fd"},
	    {"fd/0", "/dev/stdin"},
	    {"fd/1", "/dev/stdout"},
	    {"fd/2", "/dev/stderr"},
	};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i][0], links[i][1]) && errno != EEXIST)
			return;
	if (mkdir("/dev/shm", 0777) == 0)
		chmod("/dev/shm", 01777);
}

/* Where there are pseudo-terminals they are the group tty's, which is 5. */
static void
mount_terminals(void)
{
	mkdir("/dev/pts", 0755);
	if (access("/dev/pts/ptmx", F_OK) &&
	    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		"gid=5,mode=620,ptmxmode=666"))
		rmdir("/dev/pts");
}

/*
 * What no process does without, whatever /etc/fstab says.  Failures are not
 * looked at: on calf, and on a Linux that did it by itself, the mounts are
 * there already.
 */
static void
mount_kernel_trees(void)
{
	mkdir("/proc", 0555);
	mkdir("/dev", 0755);
	if (access("/proc/self", F_OK))
		mount("proc", "/proc", "proc", 0, NULL);
	if (access("/dev/null", F_OK))
		mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	fill_dev();
	mount_terminals();
}

/*
 * What a Linux kernel wants to be given before it knows disks: modules, whose
 * names say the order.
 */
static void
load_modules(void)
{
	struct dirent **names;
	int n = scandir(MODULES, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char path[sizeof(MODULES) + sizeof(names[i]->d_name)];
		int fd;

		snprintf(path, sizeof(path), MODULES "/%s", names[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && names[i]->d_name[0] != '.' &&
		    syscall(SYS_finit_module, fd, "", 0))
			dprintf(2, "init: %s: %s\n", path, strerror(errno));
		close(fd);
	}
}

static void
open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int to = 0; to <= 2; to++)
		dup2(fd, to);
	if (fd > 2)
		close(fd);
}

static void
set_raw_output(void)
{
	struct termios t;

	if (tcgetattr(1, &t))
		return;
	t.c_oflag &= ~OPOST;
	tcsetattr(1, TCSADRAIN, &t);
}

static void
set_environment(const char *shell)
{
	const char *term = getenv("TERM");

	setenv("PATH", SEARCH_PATH, 1);
	setenv("HOME", HOME, 1);
	setenv("USER", "root", 1);
	setenv("LOGNAME", "root", 1);
	setenv("SHELL", shell, 1);
	setenv("TERM", term ? term : "vt100", 1);
	unsetenv("calf_exec");
	unsetenv(CHANNEL_WORD);
	unsetenv("calf_shell");
	unsetenv(ROOT_WORD);
	unsetenv(ARGV_WORD);
}

static void
set_hostname(void)
{
	char name[HOST_NAME_MAX];
	int fd = open(HOSTNAME, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof(name));

	if (fd >= 0)
		close(fd);
	while (n > 0 && isspace((unsigned char)name[n - 1]))
		n--;
	if (n > 0)
		sethostname(name, n);
}

/* The exit status that a shell would report for a wait status. */
static int
shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* ------------------------------------------------ the exec protocol */

static void
say(const char *nonce, const char *fmt, ...)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "\036%s ", nonce);
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	/* One write, so that nothing can come between its bytes. */
	if (write(1, line, n) != n)
		leave(RB_POWER_OFF);
}

/* The initramfs has the command; it may have handed it on to us. */
static int
open_argv(void)
{
	const char *handed = getenv(ARGV_WORD);

	return handed ? atoi(handed) : open(ARGV_FILE, O_RDONLY);
}

/* The whole of a file, with a zero byte behind it; fd is closed. */
static char *
read_file(int fd, const char *path, size_t *len_bytes)
{
	char *buf = NULL;
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		die(path);
	do {
		buf = realloc(buf, len + BUFSIZ + 1);
		if (!buf)
			die(path);
		n = read(fd, buf + len, BUFSIZ);
		if (n < 0)
			die(path);
		len += n;
	} while (n > 0);
	close(fd);
	buf[len] = '\0';
	*len_bytes = len;
	return buf;
}

static char **
read_argv(void)
{
	size_t len;
	char *buf = read_file(open_argv(), ARGV_FILE, &len);
	char **argv = calloc(len + 1, sizeof(*argv));
	int argc = 0;

	if (!argv)
		die(ARGV_FILE);
	for (char *p = buf; p < buf + len; p += strlen(p) + 1)
		argv[argc++] = p;
	errno = EINVAL;
	if (argc == 0)
		die(ARGV_FILE);
	return argv;
}

/* A command with this input, and its output there; -1: the console. */
static void
run_command(char **argv, int in, int out)
{
	setsid();
	forget_signals();
	dup2(in, 0);
	if (out >= 0) {
		dup2(out, 1);
		dup2(out, 2);
	}
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? NOT_FOUND : CANNOT_RUN);
}

static void
exec_once(const char *nonce, const char *terminal, char **argv)
{
	int channel = terminal ? channel_open(terminal) : -1;
	int status, in;
	pid_t pid;

	set_raw_output();
	say(nonce, channel >= 0 ? "channel\n" : "start\n");
	in = channel_input();
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_command(argv, in, channel);
	close(in);
	status = reap_until(pid);
	kill_stragglers();
	channel_drain();
	say(nonce, "end %d\n", shell_status(status));
	tcdrain(1);
}

/* ------------------------------------------------ the console's shell */

/* A login shell: the leader of a session, on the console, with a profile. */
static void
run_shell(const char *shell)
{
	setsid();
	forget_signals();
	ioctl(0, TIOCSCTTY, 1);
	(void)!chdir(HOME);
	execl(shell, "-sh", NULL);
	dprintf(2, "init: %s: %s\n", shell, strerror(errno));
	_exit(NOT_FOUND);
}

/* A shell that was killed is started again; one that exits ends the machine. */
static void
serve_shell(const char *shell)
{
	for (;;) {
		pid_t pid = fork();
		int status;

		if (pid < 0)
			die("fork");
		if (pid == 0)
			run_shell(shell);
		status = reap_until(pid);
		if (WIFEXITED(status))
			break;
		dprintf(1, "\ninit: the shell was killed by signal %d\n",
		    WTERMSIG(status));
	}
	end_session(RB_POWER_OFF);
}

int
main(int argc, char **argv)
{
	const char *word = getenv("calf_exec");
	char *nonce = word ? strdup(word) : NULL;
	const char *terminal = getenv(CHANNEL_WORD);
	const char *shell = getenv("calf_shell");
	bool on_disk = getenv(ROOT_WORD);
	char **command;

	if (getpid() != 1) {
		dprintf(2, "init: only for process 1\n");
		return 1;
	}
	if (argc > 2 && !strcmp(argv[1], END_ARG)) {
		/* The one of the disk's /dev keeps that in use. */
		open_console();
		leave(atoi(argv[2]));
	}
	root_keep();
	/* A disk's own list comes first; an initramfs needs /proc to switch. */
	if (on_disk)
		fstab_mount_all();
	mount_kernel_trees();
	open_console();
	load_modules();
	root_switch();
	if (!on_disk)
		fstab_mount_all();
	if (chdir("/"))
		die("/");
	command = nonce ? read_argv() : NULL;
	shell = shell ? strdup(shell) : SHELL;
	terminal = terminal ? strdup(terminal) : NULL;
	set_environment(shell);
	set_hostname();
	listen_for_signals();
	if (nonce) {
		exec_once(nonce, terminal, command);
		leave(RB_POWER_OFF);
	}
	dprintf(1, "calf: type help, exit powers off\n");
	serve_shell(shell);
}
