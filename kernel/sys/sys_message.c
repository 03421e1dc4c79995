/* System calls that send and receive messages. */
#include "core/thread.h"
#include "fs/file.h"
#include "mm/usercopy.h"
#include "sys/socket_args.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* SIGPIPE, unless that is not wanted. */
static s64
send_result(s64 result, u32 flags)
{
	if (result == -EPIPE && (flags & MSG_NOSIGNAL))
		return -EPIPE;
	return sys_write_result(result);
}

static s64
send_message(struct file *f, struct socket_message *m)
{
	struct fs_who who = who_current();
	s64 done;

	if (m->iov.out_of_range)
		return -EFAULT;
	done = socket_send(&who, f, m);
	socket_files_free(m->files);
	m->files = NULL;
	return send_result(done, m->flags);
}

/* ---- one buffer ---------------------------------------------------------- */

s64
sys_sendto(int n, uaddr_t buf, u64 len, u32 flags, uaddr_t to, int to_len)
{
	struct socket_address a = {.len = 0};
	struct socket_message m = {
	    .flags = flags, .name = &a, .cred = socket_sender_cred()};
	struct fd fd;
	s64 done;

	iov_init_user(&m.iov, buf, MIN(len, IOV_MAX_BYTES));
	done = sys_socket_get(n, &fd);
	if (done < 0)
		return done;
	if (to.val != 0)
		done = sys_address_get(to, to_len, &a);
	m.has_address = a.len != 0;
	if (done == 0)
		done = send_message(fd.file, &m);
	fd_put(&fd);
	return done;
}

s64
sys_recvfrom(
    int n, uaddr_t buf, u64 len, u32 flags, uaddr_t from, uaddr_t from_len)
{
	struct socket_address a = {.len = 0};
	struct socket_message m = {.flags = flags, .name = &a};
	struct fd fd;
	s64 done;
	int err = 0;

	iov_init_user(&m.iov, buf, MIN(len, IOV_MAX_BYTES));
	done = sys_socket_get(n, &fd);
	if (done < 0)
		return done;
	done = m.iov.out_of_range ? -EFAULT : socket_receive(fd.file, &m);
	socket_files_free(m.files);
	if (done >= 0 && from.val != 0)
		err = sys_address_put(&a, from, from_len);
	fd_put(&fd);
	return err < 0 ? err : done;
}

/* ---- struct msghdr --------------------------------------------------------
 */

/* What both directions need of one; on an error there is nothing to free. */
static int
header_get(uaddr_t user, struct user_msghdr *h, struct sys_vector *v)
{
	int err = user_read(h, user, sizeof(*h));

	if (err < 0)
		return err;
	if (h->name.val == 0)
		h->name_len = 0;
	if (h->name_len < 0)
		return -EINVAL;
	if (h->nr_iov > IOV_MAX_SEGMENTS)
		return -EMSGSIZE;
	return sys_vector_get(v, h->iov, (int)h->nr_iov);
}

static int
prepare_send(const struct user_msghdr *h, struct socket_address *a,
    struct socket_message *m)
{
	int len = MIN(h->name_len, (s32)sizeof(a->storage));
	int err = 0;

	a->len = 0;
	if (len > 0)
		err = sys_address_get(h->name, len, a);
	m->name = a;
	m->has_address = a->len != 0;
	m->cred = socket_sender_cred();
	if (err == 0)
		err = sys_control_get(h->control, h->control_len, m);
	return err;
}

static s64
send_header(struct file *f, uaddr_t user, u32 flags)
{
	struct socket_message m = {.flags = flags};
	struct socket_address a;
	struct user_msghdr h;
	struct sys_vector v;
	s64 done = header_get(user, &h, &v);

	if (done < 0)
		return done;
	m.iov = v.it;
	done = prepare_send(&h, &a, &m);
	if (done == 0)
		done = send_message(f, &m);
	sys_vector_free(&v);
	return done;
}

s64
sys_sendmsg(int n, uaddr_t msg, u32 flags)
{
	struct fd fd;
	s64 done = sys_socket_get(n, &fd);

	if (done < 0)
		return done;
	done = send_header(fd.file, msg, flags);
	fd_put(&fd);
	return done;
}

static uaddr_t
field(uaddr_t base, u64 at)
{
	return uaddr(base.val + at);
}

/* The parts of the header that are answers. */
static int
header_put(uaddr_t user, struct user_msghdr *h, struct socket_message *m)
{
	u32 flags = m->out_flags | (m->flags & MSG_CMSG_CLOEXEC);
	int err = 0;

	sys_control_put(m, h->control, &h->control_len, &flags);
	if (h->name.val != 0)
		err = sys_address_put(m->name, h->name,
		    field(user, offsetof(struct user_msghdr, name_len)));
	if (err == 0)
		err =
		    user_write(field(user, offsetof(struct user_msghdr, flags)),
			&flags, sizeof(flags));
	if (err == 0)
		err = user_write(
		    field(user, offsetof(struct user_msghdr, control_len)),
		    &h->control_len, sizeof(h->control_len));
	return err;
}

static s64
receive_header(struct file *f, uaddr_t user, u32 flags)
{
	struct socket_address a = {.len = 0};
	struct socket_message m = {.flags = flags, .name = &a};
	struct user_msghdr h;
	struct sys_vector v;
	s64 done;
	int err = header_get(user, &h, &v);

	if (err < 0)
		return err;
	m.iov = v.it;
	done = socket_receive(f, &m);
	if (done >= 0)
		err = header_put(user, &h, &m);
	else
		socket_files_free(m.files);
	sys_vector_free(&v);
	return err < 0 ? err : done;
}

s64
sys_recvmsg(int n, uaddr_t msg, u32 flags)
{
	struct fd fd;
	s64 done = sys_socket_get(n, &fd);

	if (done < 0)
		return done;
	done = receive_header(fd.file, msg, flags);
	fd_put(&fd);
	return done;
}

/* ---- many -----------------------------------------------------------------
 */

static s64
one_of_many(uaddr_t at, s64 done)
{
	u32 len = (u32)done;

	if (done < 0)
		return done;
	return user_write(
	    field(at, offsetof(struct user_mmsghdr, len)), &len, sizeof(len));
}

/* The next turn of a loop over many messages is not to be. */
static bool
is_to_stop(void)
{
	thread_preempt_point();
	return thread_must_end();
}

s64
sys_sendmmsg(int n, uaddr_t msgs, u32 nr, u32 flags)
{
	struct fd fd;
	u32 i;
	s64 err = sys_socket_get(n, &fd);

	if (err < 0)
		return err;
	nr = MIN(nr, (u32)IOV_MAX_SEGMENTS);
	for (i = 0; i < nr; i++) {
		uaddr_t at = field(msgs, i * sizeof(struct user_mmsghdr));

		err = one_of_many(at, send_header(fd.file, at, flags));
		if (err < 0)
			break;
		if (is_to_stop())
			nr = i + 1;
	}
	fd_put(&fd);
	return i > 0 ? (s64)i : err;
}

static s64
receive_many(struct file *f, uaddr_t msgs, u32 nr, u32 flags, u64 deadline_ns)
{
	s64 err = 0;
	u32 i;

	for (i = 0; i < nr; i++) {
		uaddr_t at = field(msgs, i * sizeof(struct user_mmsghdr));

		err = one_of_many(
		    at, receive_header(f, at, flags & ~(u32)MSG_WAITFORONE));
		if (err < 0)
			break;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (clock_mono_ns() >= deadline_ns || is_to_stop())
			nr = i + 1;
	}
	/* What ended it is told by the next call. */
	if (i > 0 && err < 0 && err != -EAGAIN && err > -ERESTARTSYS)
		socket_set_error(f, (int)err);
	return i > 0 ? (s64)i : err;
}

/* The time is looked at between messages: one that does not come is waited
 * for, as on Linux. */
s64
sys_recvmmsg(int n, uaddr_t msgs, u32 nr, u32 flags, uaddr_t timeout)
{
	u64 deadline_ns, now;
	struct fd fd;
	s64 done = sys_deadline_get(timeout, &deadline_ns);

	if (done < 0)
		return done;
	done = sys_socket_get(n, &fd);
	if (done < 0)
		return done;
	done = receive_many(
	    fd.file, msgs, MIN(nr, (u32)IOV_MAX_SEGMENTS), flags, deadline_ns);
	fd_put(&fd);
	now = clock_mono_ns();
	if (done > 0 && timeout.val != 0 &&
	    sys_timespec_put(
		timeout, deadline_ns > now ? deadline_ns - now : 0) < 0)
		return -EFAULT;
	return done;
}
