/*
 * What takes a capability and is not about files: each deed with the one alone
 * and without it.  Files are perm_caps.c's.
 */
#include "caps.h"
#include "pty.h"
#include "sock.h"

#include <linux/reboot.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>

/* OTHER, who waits and has no capability. */
static pid_t other;
static struct gate ready, end;

static void
wait_as_other(void)
{
	become(OTHER, OTHER);
	must(prctl(PR_SET_DUMPABLE, 1));
	gate_open(&ready);
	gate_wait(&end);
}

/* ---- others ---------------------------------------------------------------
 */

static int
send_signal(void)
{
	return kill(other, 0);
}

static int
look_into(void)
{
	char path[32], text[256];

	snprintf(path, sizeof(path), "/proc/%d/exe", other);
	return readlink(path, text, sizeof(text)) > 0 ? 0 : -1;
}

static int
take_file(void)
{
	int pidfd = must(raw(pidfd_open, other, 0));
	int fd = raw(pidfd_getfd, pidfd, 1, 0);

	return fd < 0 ? -1 : 0;
}

static int
see_robust_list(void)
{
	void *head;
	size_t len;

	return raw(get_robust_list, other, &head, &len);
}

static int
bind_to_hart(void)
{
	cpu_set_t harts;

	must(sched_getaffinity(other, sizeof(harts), &harts));
	return sched_setaffinity(other, sizeof(harts), &harts);
}

static int
make_other_nicer(void)
{
	return setpriority(PRIO_PROCESS, other, 0);
}

static int
limit_other(void)
{
	struct rlimit now;

	return prlimit(other, RLIMIT_CORE, NULL, &now);
}

/* ---- oneself --------------------------------------------------------------
 */

static int
be_less_nice(void)
{
	return setpriority(PRIO_PROCESS, 0, -5);
}

static int
raise_limit(void)
{
	struct rlimit low = {1 << 20, 1 << 20}, high = {1 << 20, 1 << 21};

	must(setrlimit(RLIMIT_FSIZE, &low));
	return setrlimit(RLIMIT_FSIZE, &high);
}

static int
widen_pipe(void)
{
	int fd[2];

	must(pipe(fd));
	return fcntl(fd[0], F_SETPIPE_SZ, 4 << 20) < 0 ? -1 : 0;
}

/* Nobody may have a thread more, but who may have any number. */
static int
fork_beyond_limit(void)
{
	struct rlimit none = {0, 0};
	pid_t pid;

	must(setrlimit(RLIMIT_NPROC, &none));
	pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : wait_status(pid);
}

static int
be_another(void)
{
	return setresuid(OTHER, OTHER, OTHER);
}

static int
be_of_another_group(void)
{
	return setresgid(OTHER, OTHER, OTHER);
}

static int
have_groups(void)
{
	gid_t groups[] = {5, 6};

	return setgroups(2, groups);
}

static int
drop_bound(void)
{
	return prctl(PR_CAPBSET_DROP, CAP_CHOWN);
}

static int
set_bits(void)
{
	return prctl(PR_SET_SECUREBITS, SECBIT_NOROOT);
}

static int
change_root(void)
{
	return chroot(".");
}

/* ---- what is said of the sender -------------------------------------------
 */

static int
send_as(pid_t pid, uid_t uid, gid_t gid)
{
	char room[CMSG_SPACE(sizeof(struct ucred))] = {0};
	struct iovec one = {"x", 1};
	struct msghdr m = {.msg_iov = &one,
	    .msg_iovlen = 1,
	    .msg_control = room,
	    .msg_controllen = sizeof(room)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	struct ucred cred = {pid, uid, gid};
	int fd[2], sent, error;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_CREDENTIALS;
	c->cmsg_len = CMSG_LEN(sizeof(cred));
	memcpy(CMSG_DATA(c), &cred, sizeof(cred));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	sent = sendmsg(fd[0], &m, 0);
	error = errno;
	close(fd[0]);
	close(fd[1]);
	errno = error;
	return sent < 0 ? -1 : 0;
}

static int
send_as_process(void)
{
	return send_as(other, getuid(), getgid());
}

static int
send_as_user(void)
{
	return send_as(getpid(), OTHER, getgid());
}

static int
send_as_group(void)
{
	return send_as(getpid(), getuid(), OTHER);
}

/* More descriptors on their way than one may have open. */
static int
send_many_files(void)
{
	struct rlimit few = {40, 40};
	int fds[8] = {0}, s[2], sent = 0, error, i;

	must(setrlimit(RLIMIT_NOFILE, &few));
	sock_pair(SOCK_STREAM, s);
	for (i = 0; i < 20 && sent >= 0; i++)
		sent = sock_send_fds(s[0], "x", fds, 8);
	error = errno;
	close(s[0]);
	close(s[1]);
	errno = error;
	return sent < 0 ? -1 : 0;
}

/* ---- terminals --------------------------------------------------------------
 */

static int
open_exclusive(void)
{
	struct pair p = pty_pair();
	int fd;

	must(ioctl(p.slave, TIOCEXCL));
	fd = pty_slave(p.master, O_RDWR | O_NOCTTY);
	return fd < 0 ? -1 : close(fd);
}

static int
hang_up(void)
{
	struct pair p = pty_pair();

	return ioctl(p.slave, TIOCVHANGUP);
}

static int
pretend_to_type(void)
{
	struct pair p = pty_pair();
	char c = 'x';

	return ioctl(p.slave, TIOCSTI, &c);
}

/* ---- the machine -----------------------------------------------------------
 */

static int
set_clock(void)
{
	struct timespec now;

	must(clock_gettime(CLOCK_REALTIME, &now));
	return clock_settime(CLOCK_REALTIME, &now);
}

/* What three keys do, which here is nothing. */
static int
set_keys(void)
{
	return raw(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
	    LINUX_REBOOT_CMD_CAD_OFF, NULL);
}

static int
read_log(void)
{
	char text[256];

	return raw(syslog, 3, text, sizeof(text)) < 0 ? -1 : 0;
}

static int
name_machine(void)
{
	char name[65];

	must(gethostname(name, sizeof(name)));
	return sethostname(name, strlen(name));
}

static int
name_domain(void)
{
	char name[65];

	must(getdomainname(name, sizeof(name)));
	return setdomainname(name, strlen(name));
}

static int
mount_something(void)
{
	if (mount("none", "at", "tmpfs", 0, NULL) < 0)
		return -1;
	return umount("at");
}

static int
unmount_something(void)
{
	return umount("mounted");
}

static void
mounted(void)
{
	mkdir("mounted", 0755);
	umount("mounted");
	must(mount("none", "mounted", "tmpfs", 0, NULL));
}

static int
make_alarm(void)
{
	int fd = timerfd_create(CLOCK_BOOTTIME_ALARM, 0);

	return fd < 0 ? -1 : close(fd);
}

static int alarm_fd = -1;

static void
have_alarm(void)
{
	if (alarm_fd < 0)
		alarm_fd = must(timerfd_create(CLOCK_REALTIME_ALARM, 0));
}

static int
set_alarm(void)
{
	struct itimerspec later = {.it_value = {.tv_sec = 1000}};

	return timerfd_settime(alarm_fd, 0, &later, NULL);
}

static const struct deed deeds[] = {
    {"kill", CAP_KILL, 0, EPERM, NULL, send_signal},
    {"/proc/PID/exe", CAP_SYS_PTRACE, 0, EACCES, NULL, look_into},
    {"pidfd_getfd", CAP_SYS_PTRACE, 0, EPERM, NULL, take_file},
    {"get_robust_list", CAP_SYS_PTRACE, 0, EPERM, NULL, see_robust_list},
    {"sched_setaffinity", CAP_SYS_NICE, 0, EPERM, NULL, bind_to_hart},
    {"setpriority of another", CAP_SYS_NICE, 0, EPERM, NULL, make_other_nicer},
    {"setpriority below", CAP_SYS_NICE, 0, EACCES, NULL, be_less_nice},
    {"prlimit of another", CAP_SYS_RESOURCE, 0, EPERM, NULL, limit_other},
    {"raising a limit", CAP_SYS_RESOURCE, 0, EPERM, NULL, raise_limit},
    {"a wide pipe", CAP_SYS_RESOURCE, 0, EPERM, NULL, widen_pipe},
    {"setresuid", CAP_SETUID, 0, EPERM, NULL, be_another},
    {"setresgid", CAP_SETGID, 0, EPERM, NULL, be_of_another_group},
    {"setgroups", CAP_SETGID, 0, EPERM, NULL, have_groups},
    {"PR_CAPBSET_DROP", CAP_SETPCAP, 0, EPERM, NULL, drop_bound},
    {"PR_SET_SECUREBITS", CAP_SETPCAP, 0, EPERM, NULL, set_bits},
    {"chroot", CAP_SYS_CHROOT, 0, EPERM, NULL, change_root},
    {"another's number", CAP_SYS_ADMIN, 0, EPERM, NULL, send_as_process},
    {"another user", CAP_SETUID, 0, EPERM, NULL, send_as_user},
    {"another group", CAP_SETGID, 0, EPERM, NULL, send_as_group},
    {"files on their way", CAP_SYS_RESOURCE,
	BIT(CAP_SYS_RESOURCE) | BIT(CAP_SYS_ADMIN), ETOOMANYREFS, NULL,
	send_many_files},
    {"files on their way, too", CAP_SYS_ADMIN,
	BIT(CAP_SYS_RESOURCE) | BIT(CAP_SYS_ADMIN), ETOOMANYREFS, NULL,
	send_many_files},
    {"TIOCEXCL", CAP_SYS_ADMIN, 0, EBUSY, pty_mount, open_exclusive},
    {"TIOCVHANGUP", CAP_SYS_ADMIN, 0, EPERM, pty_mount, hang_up},
    {"TIOCSTI", CAP_SYS_ADMIN, 0, EIO, pty_mount, pretend_to_type},
    {"clock_settime", CAP_SYS_TIME, 0, EPERM, NULL, set_clock},
    {"reboot", CAP_SYS_BOOT, 0, EPERM, NULL, set_keys},
    {"syslog", CAP_SYSLOG, BIT(CAP_SYSLOG) | BIT(CAP_SYS_ADMIN), EPERM, NULL,
	read_log},
    {"sethostname", CAP_SYS_ADMIN, 0, EPERM, NULL, name_machine},
    {"setdomainname", CAP_SYS_ADMIN, 0, EPERM, NULL, name_domain},
    {"mount", CAP_SYS_ADMIN, 0, EPERM, NULL, mount_something},
    {"umount", CAP_SYS_ADMIN, 0, EPERM, mounted, unmount_something},
    {"an alarm", CAP_WAKE_ALARM, 0, EPERM, NULL, make_alarm},
    {"setting an alarm", CAP_WAKE_ALARM, 0, EPERM, have_alarm, set_alarm},
};

/* Which error comes first. */
static void
user_unmounts(void)
{
	caps_only(0);
	is_errno(umount("none"), ENOENT, "umount of nothing");
	is_errno(umount("at/none/x"), ENOENT, "nor where that would be");
	is_errno(umount("at"), EPERM, "of what is no mount");
	is_errno(umount2("none", 0x100), EINVAL, "with an odd flag");
}

static void
user_sets_zone(void)
{
	struct timezone zone = {0, 0};

	caps_only(0);
	is_errno(settimeofday(NULL, &zone), EPERM, "the time zone");
	is_errno(raw(settimeofday, NULL, NULL), EPERM, "nor nothing");
	is_errno(raw(settimeofday, NULL, NOWHERE), EFAULT, "from nowhere");
}

/* ---- threads beyond the limit ----------------------------------------------
 */

static void
user_at_limit(void)
{
	caps_only(0);
	is_errno(fork_beyond_limit(), EAGAIN, "a user at his limit");
}

static void
user_with_resources(void)
{
	caps_only(BIT(CAP_SYS_RESOURCE));
	is(fork_beyond_limit(), 0, "with CAP_SYS_RESOURCE");
}

static void
user_who_rules(void)
{
	caps_only(BIT(CAP_SYS_ADMIN));
	is(fork_beyond_limit(), 0, "with CAP_SYS_ADMIN");
}

static void
root_at_limit(void)
{
	caps_lose(BIT(CAP_SYS_RESOURCE) | BIT(CAP_SYS_ADMIN));
	is(fork_beyond_limit(), 0, "root has no limit by his number");
}

/* ---- namespaces ------------------------------------------------------------
 */

static void
other_namespace(void)
{
	caps_lose(BIT(CAP_SYS_ADMIN));
	is_errno(unshare(CLONE_NEWUTS), EPERM, "unshare takes CAP_SYS_ADMIN");
	is_errno(raw(clone, CLONE_NEWUTS | SIGCHLD, 0, 0, 0, 0), EPERM,
	    "clone, too");
}

static void
chosen_number(void)
{
	pid_t number = 31234;
	struct clone_args a = {.exit_signal = SIGCHLD,
	    .set_tid = (uintptr_t)&number,
	    .set_tid_size = 1};

	caps_lose(BIT(CAP_SYS_ADMIN) | BIT(CAP_CHECKPOINT_RESTORE));
	is_errno(raw(clone3, &a, sizeof(a)), EPERM, "set_tid takes a right");
}

/* ---- who has more is not looked into ---------------------------------------
 */

static pid_t rich;

static void
wait_with_one(void)
{
	caps_only(BIT(CAP_CHOWN));
	gate_open(&ready);
	gate_wait(&end);
}

static int
look_at_rich(void)
{
	other = rich;
	return look_into();
}

static void
look_with_none(void)
{
	caps_only(0);
	is_errno(look_at_rich(), EACCES, "a user, at himself with more rights");
	is_errno(take_file(), EPERM, "a file of his");
}

static void
look_with_same(void)
{
	caps_only(BIT(CAP_CHOWN));
	is(look_at_rich(), 0, "with the same rights");
	is(take_file(), 0, "a file of his");
}

static void
look_with_permitted(void)
{
	caps_only(BIT(CAP_CHOWN));
	must(caps_set(0, BIT(CAP_CHOWN), 0));
	is_errno(look_at_rich(), EACCES, "in /proc what is in effect counts");
	is(take_file(), 0, "for pidfd_getfd what is permitted");
}

static void
look_with_more(void)
{
	caps_only(BIT(CAP_CHOWN) | BIT(CAP_KILL));
	is(look_at_rich(), 0, "with more rights");
	must(prctl(PR_SET_DUMPABLE, 0));
	is(look_at_rich(), 0, "who is not to be looked into may look");
}

/* ---- nor slowed down -------------------------------------------------------
 */

static int
schedule_other(void)
{
	struct sched_param p = {0};

	return sched_setscheduler(other, SCHED_OTHER, &p);
}

static void
slow_with_none(void)
{
	caps_only(0);
	other = rich;
	is_errno(make_other_nicer(), EPERM, "setpriority of who may more");
	is_errno(setpriority(PRIO_PROCESS, rich, -1), EACCES, "below, too");
	is_errno(bind_to_hart(), EPERM, "sched_setaffinity of him");
	is_errno(schedule_other(), EPERM, "sched_setscheduler of him");
	is(sched_getscheduler(rich), SCHED_OTHER, "to see it is no harm");
	is(setpriority(PRIO_PROCESS, 0, 0), 0, "oneself");
}

static void
slow_him(void)
{
	other = rich;
	is(make_other_nicer(), 0, "setpriority");
	is(bind_to_hart(), 0, "sched_setaffinity");
	is(schedule_other(), 0, "sched_setscheduler");
}

static void
slow_with_permitted(void)
{
	caps_only(BIT(CAP_CHOWN));
	must(caps_set(0, BIT(CAP_CHOWN), 0));
	slow_him();
}

static void
slow_with_nice(void)
{
	caps_only(BIT(CAP_SYS_NICE));
	slow_him();
}

TEST(proc_caps_deeds)
{
	size_t i;

	must(chmod(".", 0755));
	must(mkdir("at", 0755));
	ready = gate_make();
	end = gate_make();
	other = spawn(wait_as_other);
	gate_wait(&ready);
	for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		caps_try(&deeds[i]);
	lives(user_unmounts, "umount by a user");
	lives(user_sets_zone, "settimeofday by a user");
	lives(user_at_limit, "a user at his limit");
	lives(user_with_resources, "a user with CAP_SYS_RESOURCE");
	lives(user_who_rules, "a user with CAP_SYS_ADMIN");
	lives(root_at_limit, "root at his limit");
	lives(other_namespace, "namespaces");
	lives(chosen_number, "a chosen number");
	rich = spawn(wait_with_one);
	gate_wait(&ready);
	lives(look_with_none, "looking with less");
	lives(look_with_same, "looking with the same");
	lives(look_with_permitted, "looking with what is permitted");
	lives(look_with_more, "looking with more");
	lives(slow_with_none, "slowing down with less");
	lives(slow_with_permitted, "with what is permitted");
	lives(slow_with_nice, "with CAP_SYS_NICE");
	gate_open(&end);
	gate_open(&end);
	is(wait_status(rich), 0, "the one ended well");
	while (wait(NULL) > 0)
		;
}
