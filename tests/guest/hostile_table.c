/* The table of hostile.h and what works with it; no test by itself. */
#include "hostile.h"

#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <time.h>

#define SIGSET_BYTES    8 /* the kernel's */
#define SIGACTION_BYTES 24
#define LINK_BYTES      4 /* "file", without a zero byte */

/* ------------------------------------------------ good data */

static char text[64] = "some text";
static struct iovec iov = {text, sizeof(text)};
static const struct timespec now[2];
static const struct itimerval no_timer;
static const struct rlimit64 no_core;
static const unsigned long usr2_set = 1UL << (SIGUSR2 - 1);
static const unsigned long all_cpus = ~0UL;
static const stack_t no_stack = {.ss_flags = SS_DISABLE};
static const struct clone_args clone_none = {.exit_signal = SIGCHLD};
static const unsigned int groups[3] = {1, 2, 3};
static const int word = 1;

static struct {
	int fd;
	short events, revents;
} pollfd = {FD_PIPE_R, 1, 0};

static struct {
	const unsigned long *mask;
	size_t len;
} select_mask = {&usr2_set, SIGSET_BYTES};

/* A signal that waits to be taken. */
static void
raise_usr2(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR2);
}

/* A child that waits to be reaped. */
static void
make_zombie(void)
{
	siginfo_t info;
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(0);
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
}

static void
rewind_dir(void)
{
	must(lseek(FD_DIR, 0, SEEK_SET));
}

static const struct sockaddr_un no_name = {AF_UNIX, "\0nobody"};
static const socklen_t two = 2;
static const struct msghdr no_message;

/* The socket has exactly one message. */
static void
one_message(void)
{
	char b[64];

	while (recv(FD_SOCKET, b, sizeof(b), MSG_DONTWAIT) >= 0)
		;
	must(send(FD_SOCKET, "message", 7, 0));
}

/* ------------------------------------------------ the table */

#define CALL(n) .name = #n, .nr = SYS_##n
#define ARG(...)                                                               \
	(struct hostile_arg)                                                   \
	{                                                                      \
		__VA_ARGS__                                                    \
	}
#define V(n)          ARG(H_VALUE, 0, n, 0, NULL)
#define STR(s)        ARG(H_STRING, 0, 0, sizeof(s), s)
#define STR_NULL(s)   ARG(H_STRING, H_NULL_OK, 0, sizeof(s), s)
#define IN(x, f)      ARG(H_IN, f, 0, sizeof(x), &(x))
#define IN_N(n, f)    ARG(H_IN, f, 0, n, NULL)
#define OUT(n, f)     ARG(H_OUT, f, 0, n, NULL)
#define INOUT(x, f)   ARG(H_INOUT, f, 0, sizeof(x), &(x))
#define INOUT_N(n, f) ARG(H_INOUT, f, 0, n, NULL)
#define CWD           V(AT_FDCWD)

const struct hostile_call hostile_calls[] = {
    /* processes */
    {CALL(clone3), {IN(clone_none, 0), V(sizeof(clone_none))},
	.only_bad = true},
    {CALL(execve),
	{STR("/proc/self/exe"), IN_N(8, H_NULL_OK), IN_N(8, H_NULL_OK)},
	.only_bad = true},
    {CALL(wait4),
	{V(-1), OUT(4, H_NULL_OK), V(0), OUT(sizeof(struct rusage), H_NULL_OK)},
	.prepare = make_zombie},
    {CALL(waitid),
	{V(P_ALL), V(0), OUT(128, H_NULL_OK | H_PARTIAL), V(WEXITED),
	    OUT(sizeof(struct rusage), H_NULL_OK)},
	.prepare = make_zombie},
    {CALL(getgroups), {V(8), OUT(sizeof(groups), 0)}},
    {CALL(setgroups), {V(3), IN(groups, 0)}},
    {CALL(prctl), {V(PR_SET_NAME), STR("name")}},
    {CALL(prctl), {V(PR_GET_NAME), OUT(16, 0)}},
    {CALL(prctl), {V(PR_GET_PDEATHSIG), OUT(4, 0)}},
    {CALL(prctl), {V(PR_GET_CHILD_SUBREAPER), OUT(4, 0)}},
    {CALL(prlimit64),
	{V(0), V(RLIMIT_CORE), IN(no_core, H_NULL_OK),
	    OUT(sizeof(no_core), H_NULL_OK)}},
    {CALL(getrusage), {V(RUSAGE_SELF), OUT(sizeof(struct rusage), 0)}},
    {CALL(times), {OUT(sizeof(struct tms), H_NULL_OK)}},
    {CALL(sched_getaffinity), {V(0), V(8), OUT(8, 0)}},
    {CALL(sched_setaffinity), {V(0), V(8), IN(all_cpus, 0)}},
    {CALL(getcpu), {OUT(4, H_NULL_OK), OUT(4, H_NULL_OK)}},
    {CALL(uname), {OUT(sizeof(struct utsname), 0)}},
    {CALL(sysinfo), {OUT(sizeof(struct sysinfo), 0)}},
    {CALL(get_robust_list), {V(0), OUT(8, 0), OUT(8, 0)}},
    {.name = "riscv_hwprobe", .nr = 258, .arg = {INOUT_N(16, 0), V(1)}},
    /* memory */
    {CALL(mincore), {V(0x10000), V(4096), OUT(1, 0)}},
    /* signals */
    {CALL(rt_sigaction),
	{V(SIGUSR1), IN_N(SIGACTION_BYTES, H_NULL_OK),
	    OUT(SIGACTION_BYTES, H_NULL_OK), V(SIGSET_BYTES)}},
    {CALL(rt_sigprocmask),
	{V(SIG_BLOCK), IN(usr2_set, H_NULL_OK), OUT(SIGSET_BYTES, H_NULL_OK),
	    V(SIGSET_BYTES)}},
    {CALL(rt_sigpending), {OUT(SIGSET_BYTES, 0), V(SIGSET_BYTES)}},
    {CALL(rt_sigsuspend), {IN(usr2_set, 0), V(SIGSET_BYTES)}, .only_bad = true},
    {CALL(rt_sigtimedwait),
	{IN(usr2_set, 0), OUT(128, H_NULL_OK), IN(now[0], H_NULL_OK),
	    V(SIGSET_BYTES)},
	.prepare = raise_usr2},
    {CALL(sigaltstack),
	{IN(no_stack, H_NULL_OK), OUT(sizeof(stack_t), H_NULL_OK)}},
    /* time */
    {CALL(clock_gettime), {V(CLOCK_MONOTONIC), OUT(16, 0)}},
    {CALL(clock_getres), {V(CLOCK_MONOTONIC), OUT(16, H_NULL_OK)}},
    {CALL(nanosleep), {IN(now[0], 0), V(0)}},
    {CALL(clock_nanosleep), {V(CLOCK_MONOTONIC), V(0), IN(now[0], 0), V(0)}},
    {CALL(gettimeofday), {OUT(16, H_NULL_OK), OUT(8, H_NULL_OK)}},
    {CALL(setitimer),
	{V(ITIMER_VIRTUAL), IN(no_timer, H_NULL_OK),
	    OUT(sizeof(no_timer), H_NULL_OK)}},
    {CALL(getitimer), {V(ITIMER_VIRTUAL), OUT(sizeof(no_timer), 0)}},
    /* threads */
    {CALL(futex),
	{IN(word, H_ALIGNED), V(FUTEX_WAIT), V(2), IN(now[0], H_NULL_OK)},
	.fails = EAGAIN},
    {CALL(futex),
	{IN(word, H_ALIGNED), V(FUTEX_WAIT_PRIVATE), V(2),
	    IN(now[0], H_NULL_OK)},
	.fails = EAGAIN},
    {CALL(futex),
	{IN(word, H_ALIGNED), V(FUTEX_WAIT_BITSET), V(2), IN(now[0], H_NULL_OK),
	    V(0), V(1)},
	.fails = EAGAIN},
    {CALL(futex), {IN(word, H_ALIGNED), V(FUTEX_WAKE), V(1)}},
    {CALL(futex),
	{IN(word, H_ALIGNED), V(FUTEX_CMP_REQUEUE), V(1), V(1),
	    IN(word, H_ALIGNED), V(1)}},
    {CALL(futex),
	{IN(word, H_ALIGNED), V(FUTEX_WAKE_OP), V(1), V(1),
	    INOUT(word, H_ALIGNED), V(FUTEX_OP(FUTEX_OP_ADD, 1, 0, 0))}},
    /* files */
    {CALL(openat), {CWD, STR("file"), V(O_RDONLY)}},
    {CALL(read), {V(FD_ZERO), OUT(64, H_PARTIAL), V(64)}},
    {CALL(read), {V(FD_FILE), OUT(64, H_PARTIAL), V(64)}},
    {CALL(write), {V(FD_FILE), IN(text, H_PARTIAL), V(64)}},
    {CALL(write), {V(FD_PIPE_W), IN(text, H_PARTIAL), V(64)}},
    {CALL(read), {V(FD_PIPE_R), OUT(16, H_PARTIAL), V(16)}},
    {CALL(readv), {V(FD_ZERO), IN(iov, 0), V(1)}},
    {CALL(writev), {V(FD_FILE), IN(iov, 0), V(1)}},
    {CALL(pread64), {V(FD_FILE), OUT(64, H_PARTIAL), V(64), V(0)}},
    {CALL(pwrite64), {V(FD_FILE), IN(text, H_PARTIAL), V(64), V(0)}},
    {CALL(preadv), {V(FD_FILE), IN(iov, 0), V(1), V(0), V(0)}},
    {CALL(pwritev), {V(FD_FILE), IN(iov, 0), V(1), V(0), V(0)}},
    {CALL(ioctl), {V(FD_PIPE_R), V(FIONREAD), OUT(4, 0)}},
    {CALL(ioctl), {V(FD_PIPE_R), V(FIONBIO), IN_N(4, 0)}},
    {CALL(pipe2), {OUT(8, 0), V(0)}},
    /* sockets */
    {CALL(socketpair), {V(AF_UNIX), V(SOCK_STREAM), V(0), OUT(8, 0)}},
    {CALL(connect), {V(FD_SOCKET), IN(no_name, 0), V(sizeof(no_name))},
	.fails = ECONNREFUSED},
    {CALL(getsockname), {V(FD_SOCKET), OUT(2, 0), INOUT(two, 0)}},
    {CALL(getpeername), {V(FD_SOCKET), OUT(2, 0), INOUT(two, 0)}},
    {CALL(getsockopt),
	{V(FD_SOCKET), V(SOL_SOCKET), V(SO_TYPE), OUT(2, 0), INOUT(two, 0)}},
    {CALL(setsockopt),
	{V(FD_SOCKET), V(SOL_SOCKET), V(SO_REUSEADDR), IN_N(4, 0), V(4)}},
    {CALL(sendto), {V(FD_SOCKET), IN(text, 0), V(64), V(MSG_DONTWAIT)},
	.prepare = one_message},
    {CALL(recvfrom), {V(FD_SOCKET), OUT(7, 0), V(7), V(MSG_DONTWAIT)},
	.prepare = one_message},
    {CALL(sendmsg), {V(FD_SOCKET), IN(no_message, 0), V(MSG_DONTWAIT)},
	.prepare = one_message},
    {CALL(recvmsg), {V(FD_SOCKET), INOUT(no_message, 0), V(MSG_DONTWAIT)},
	.prepare = one_message},
    {CALL(ppoll),
	{INOUT(pollfd, 0), V(1), IN(now[0], H_NULL_OK), IN(usr2_set, H_NULL_OK),
	    V(SIGSET_BYTES)}},
    {CALL(pselect6),
	{V(64), INOUT_N(8, H_NULL_OK), INOUT_N(8, H_NULL_OK),
	    INOUT_N(8, H_NULL_OK), IN(now[0], H_NULL_OK),
	    IN(select_mask, H_NULL_OK)}},
    {CALL(getdents64), {V(FD_DIR), OUT(512, H_PARTIAL), V(512)},
	.prepare = rewind_dir},
    {CALL(newfstatat), {CWD, STR("file"), OUT(sizeof(struct stat), 0), V(0)}},
    {CALL(fstat), {V(FD_FILE), OUT(sizeof(struct stat), 0)}},
    {CALL(statx),
	{CWD, STR("file"), V(0), V(STATX_BASIC_STATS),
	    OUT(sizeof(struct statx), 0)}},
    {CALL(statfs), {STR("file"), OUT(sizeof(struct statfs), 0)}},
    {CALL(fstatfs), {V(FD_FILE), OUT(sizeof(struct statfs), 0)}},
    {CALL(faccessat), {CWD, STR("file"), V(R_OK)}},
    {CALL(faccessat2), {CWD, STR("file"), V(R_OK), V(0)}},
    {CALL(readlinkat), {CWD, STR("link"), OUT(LINK_BYTES, 0), V(64)}},
    {CALL(linkat), {CWD, STR("file"), CWD, STR("hard"), V(0)}},
    {CALL(symlinkat), {STR("target"), CWD, STR("soft")}},
    {CALL(unlinkat), {CWD, STR("none"), V(0)}, .fails = ENOENT},
    {CALL(renameat2), {CWD, STR("none"), CWD, STR("new"), V(0)},
	.fails = ENOENT},
    {CALL(mkdirat), {CWD, STR("made"), V(0700)}},
    {CALL(mknodat), {CWD, STR("node"), V(S_IFREG | 0600), V(0)}},
    {CALL(fchmodat), {CWD, STR("file"), V(0644)}},
    {CALL(fchownat), {CWD, STR("file"), V(0), V(0), V(0)}},
    {CALL(utimensat), {CWD, STR("file"), IN(now, H_NULL_OK), V(0)}},
    {CALL(truncate), {STR("file"), V(100)}},
    {CALL(getcwd), {OUT(512, H_PARTIAL), V(512)}},
    {CALL(chdir), {STR("dir")}},
    {CALL(chroot), {STR("dir")}},
    {CALL(mount),
	{STR_NULL("none"), STR("dir"), STR_NULL("nofs"), V(0),
	    ARG(H_STRING, H_NULL_OK | H_PARTIAL, 0, 2, "x")},
	.fails = ENODEV},
    {CALL(umount2), {STR("dir"), V(0)}, .fails = EINVAL},
    {CALL(getrandom), {OUT(16, H_PARTIAL), V(16), V(0)}},
};

const int hostile_calls_count = sizeof(hostile_calls) / sizeof(*hostile_calls);

/* ------------------------------------------------ its use */

static void
open_as(int fd, int from)
{
	must(dup2(from, fd));
	must(close(from));
}

void
hostile_setup(void)
{
	struct sockaddr_un self;
	socklen_t self_len;
	int p[2];

	must(mkdir("dir", 0755));
	must(symlink("file", "link"));
	open_as(FD_FILE, must(open("file", O_CREAT | O_RDWR, 0644)));
	must(ftruncate(FD_FILE, 4096));
	open_as(FD_DIR, must(open(".", O_RDONLY)));
	must(pipe2(p, O_NONBLOCK));
	open_as(FD_PIPE_R, p[0]);
	open_as(FD_PIPE_W, p[1]);
	must(write(FD_PIPE_W, text, sizeof(text)));
	open_as(FD_ZERO, must(open("/dev/zero", O_RDWR)));
	open_as(FD_SOCKET, must(socket(AF_UNIX, SOCK_DGRAM, 0)));
	must(bind(FD_SOCKET, (const struct sockaddr *)&no_name, 2));
	self_len = sizeof(self);
	must(getsockname(FD_SOCKET, (struct sockaddr *)&self, &self_len));
	must(connect(FD_SOCKET, (struct sockaddr *)&self, self_len));
	must(setgroups(3, groups));
}

void
hostile_good_args(const struct hostile_call *call, long args[6], char *room)
{
	memset(room, 0, HOSTILE_ROOM_BYTES);
	for (int i = 0; i < 6; i++) {
		const struct hostile_arg *a = &call->arg[i];
		char *slot = room + i * HOSTILE_SLOT_BYTES;

		args[i] = a->value;
		if (!hostile_is_pointer(a))
			continue;
		if (a->data)
			memcpy(slot, a->data, a->len_bytes);
		args[i] = (long)slot;
	}
}

long
hostile_do(const struct hostile_call *call, const long args[6])
{
	if (call->prepare)
		call->prepare();
	return syscall(
	    call->nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

void
hostile_each_pointer(
    int (*fn)(const struct hostile_call *, int), const char *what)
{
	for (int i = 0; i < hostile_calls_count; i++)
		for (int arg = 0; arg < 6; arg++) {
			const struct hostile_call *call = &hostile_calls[i];
			pid_t pid;

			if (!hostile_is_pointer(&call->arg[arg]))
				continue;
			pid = must(fork());
			if (pid == 0) {
				alarm(10); /* a call that hangs has failed */
				_exit(fn(call, arg));
			}
			is(wait_status(pid), 0, "%s, argument %d: %s",
			    call->name, arg, what);
		}
}
