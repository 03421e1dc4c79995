/*
 * Deeds with files, fifos, folders, mounts and sockets, and with whatever else
 * a descriptor may be; see chaos.h.  The names are in the folder that all of
 * the family have as their own.
 */
#include "chaos.h"

#include <sys/mount.h>
#include <sys/socket.h>

static const char *const names[] = {"a", "b", "c", "d", "e/a", "e/b", "e"};
static const char *const mounts[] = {"m0", "m1"};
static const char *const kinds[] = {"devpts", "proc", "tmpfs"};

/* ------------------------------------------------ names */

static bool
open_file(void)
{
	return chaos_keep(CHAOS_OTHER,
	    open(CHAOS_PICK(names),
		O_RDWR | O_CREAT | O_NONBLOCK | (chaos_draw(2) ? O_APPEND : 0),
		0666));
}

static bool
open_to_wait(void)
{
	return chaos_keep(CHAOS_PIPE,
	    open(CHAOS_PICK(names),
		(chaos_draw(2) ? O_RDONLY : O_WRONLY) | chaos_nonblock()));
}

static bool
remove_name(void)
{
	const char *name = CHAOS_PICK(names);

	return unlink(name) == 0 || rmdir(name) == 0;
}

static bool
make_folder(void)
{
	return mkdir(CHAOS_PICK(names), 0777) == 0;
}

static bool
make_fifo(void)
{
	return mkfifo(CHAOS_PICK(names), 0666) == 0;
}

static bool
move_name(void)
{
	return rename(CHAOS_PICK(names), CHAOS_PICK(names)) == 0;
}

static bool
enter_folder(void)
{
	return chdir("e") == 0 && chdir("..") == 0;
}

/* ------------------------------------------------ mounts */

/* Of what is mounted, the family's own descriptors keep something in use. */
static bool
mount_one(void)
{
	static const char *const inside[] = {"ptmx", "self/status", "x", ""};
	const char *at = CHAOS_PICK(mounts);
	char path[32];

	if (!chaos_once(3) || mount("chaos", at, CHAOS_PICK(kinds), 0, NULL))
		return false;
	snprintf(path, sizeof(path), "%s/%s", at, CHAOS_PICK(inside));
	chaos_keep(CHAOS_OTHER,
	    open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CREAT, 0666));
	snprintf(path, sizeof(path), "%s/", at);
	if (chaos_draw(2))
		chaos_keep(CHAOS_FOLDER, open(path, O_RDONLY | O_DIRECTORY));
	umount2(at, chaos_draw(2) ? MNT_DETACH : 0);
	return true;
}

static bool
unmount_one(void)
{
	return umount2(CHAOS_PICK(mounts), chaos_draw(2) ? MNT_DETACH : 0) == 0;
}

/* ------------------------------------------------ bytes */

static bool
write_some(void)
{
	static const char kinds_of_byte[] = "\003\004\n\rabc\032\023\021";
	char *buf = chaos_bytes();
	unsigned len = chaos_draw(4) ? chaos_draw(50) : chaos_draw(CHAOS_BYTES);

	memset(buf, CHAOS_PICK(kinds_of_byte), len);
	if (len > 2)
		buf[len - 1] = '\n';
	return write(chaos_fd(), buf, len) > 0;
}

static bool
read_some(void)
{
	return read(chaos_fd(), chaos_bytes(), chaos_draw(CHAOS_BYTES)) > 0;
}

static bool
list_some(void)
{
	return raw(getdents64, chaos_fd_of(CHAOS_FOLDER), chaos_bytes(),
		   CHAOS_BYTES) > 0;
}

static bool
seek_some(void)
{
	return lseek(chaos_fd(), chaos_draw(CHAOS_BYTES), chaos_draw(3)) >= 0;
}

static bool
splice_some(void)
{
	int from = chaos_draw(2) ? chaos_fd() : chaos_fd_of(CHAOS_PIPE);
	int to = chaos_draw(2) ? chaos_fd() : chaos_fd_of(CHAOS_PIPE);

	return splice(from, NULL, to, NULL, chaos_draw(CHAOS_BYTES),
		   SPLICE_F_NONBLOCK) > 0;
}

static bool
tee_some(void)
{
	return tee(chaos_fd_of(CHAOS_PIPE), chaos_fd_of(CHAOS_PIPE),
		   chaos_draw(CHAOS_BYTES), SPLICE_F_NONBLOCK) > 0;
}

static bool
make_pipe(void)
{
	int fd[2];

	if (pipe2(fd, chaos_nonblock()))
		return false;
	chaos_keep(CHAOS_PIPE, fd[0]);
	return chaos_keep(CHAOS_PIPE, fd[1]);
}

/* ------------------------------------------------ descriptors */

static bool
dup_one(void)
{
	return chaos_keep(CHAOS_OTHER, dup(chaos_fd()));
}

static bool
set_flags(void)
{
	return fcntl(chaos_fd(), F_SETFL,
		   (chaos_draw(2) ? O_NONBLOCK : 0) |
		       (chaos_draw(2) ? O_ASYNC : 0)) == 0;
}

static bool
set_owner(void)
{
	pid_t pid = chaos_relative();

	return pid > 1 &&
	    fcntl(chaos_fd(), F_SETOWN, chaos_draw(2) ? pid : -pid) == 0;
}

static bool
lock_range(void)
{
	static const int hows[] = {
	    F_SETLK, F_SETLK, F_SETLK, F_GETLK, F_OFD_SETLK, F_SETLKW};
	struct flock lock = {.l_type = chaos_draw(3),
	    .l_start = chaos_draw(50),
	    .l_len = chaos_draw(50)};

	return fcntl(chaos_fd(), CHAOS_PICK(hows), &lock) == 0;
}

/* ------------------------------------------------ sockets */

static bool
make_sockets(void)
{
	int fd[2];

	if (socketpair(AF_UNIX,
		(chaos_draw(2) ? SOCK_STREAM : SOCK_DGRAM) |
		    (chaos_once(12) ? 0 : SOCK_NONBLOCK),
		0, fd))
		return false;
	chaos_keep(CHAOS_SOCKET, fd[0]);
	return chaos_keep(CHAOS_SOCKET, fd[1]);
}

#define RIGHTS 2

static bool
send_rights(void)
{
	char control[CMSG_SPACE(RIGHTS * sizeof(int))] = {};
	int fds[RIGHTS] = {chaos_fd_of(CHAOS_SOCKET), chaos_fd_of(CHAOS_TTY)};
	struct iovec iov = {"some", 4};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(head), fds, sizeof(fds));
	return sendmsg(chaos_fd_of(CHAOS_SOCKET), &msg,
		   MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static bool
receive_rights(void)
{
	char control[CMSG_SPACE(RIGHTS * sizeof(int))];
	int fds[RIGHTS];
	struct iovec iov = {chaos_bytes(), 9};
	struct msghdr msg = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	size_t got;

	if (recvmsg(chaos_fd_of(CHAOS_SOCKET), &msg,
		MSG_DONTWAIT | (chaos_draw(3) ? 0 : MSG_PEEK)) < 0)
		return false;
	head = CMSG_FIRSTHDR(&msg);
	if (!head || head->cmsg_type != SCM_RIGHTS)
		return false;
	got = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(head), got * sizeof(int));
	for (size_t i = 0; i < got; i++)
		chaos_keep(CHAOS_OTHER, fds[i]);
	return true;
}

static bool
shut_down(void)
{
	return chaos_once(4) &&
	    shutdown(chaos_fd_of(CHAOS_SOCKET), chaos_draw(3)) == 0;
}

const struct chaos_deed chaos_file_deeds[] = {
    {"open a file", open_file, 3},
    {"open what may be a fifo", open_to_wait, 2},
    {"remove a name", remove_name, 2},
    {"make a folder", make_folder, 1},
    {"make a fifo", make_fifo, 2},
    {"move a name", move_name, 1},
    {"enter a folder", enter_folder, 1},
    {"mount", mount_one, 1},
    {"unmount", unmount_one, 1},
    {"write", write_some, 6},
    {"read", read_some, 6},
    {"list", list_some, 1},
    {"seek", seek_some, 1},
    {"splice", splice_some, 2},
    {"tee", tee_some, 1},
    {"make a pipe", make_pipe, 1},
    {"close", chaos_close, 1},
    {"dup", dup_one, 1},
    {"set flags", set_flags, 1},
    {"set an owner", set_owner, 1},
    {"lock a range", lock_range, 2},
    {"make sockets", make_sockets, 2},
    {"send descriptors", send_rights, 3},
    {"receive descriptors", receive_rights, 3},
    {"shut a socket down", shut_down, 1},
    {},
};
