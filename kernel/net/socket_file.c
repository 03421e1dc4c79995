/* Sockets as files: what read, write, poll, ioctl and close do. */
#include <asm/ioctls.h>
#include <linux/poll.h>

#include "mm/usercopy.h"
#include "net/unix_impl.h"

static void
release(struct file *f)
{
	/* One that accept made and found nobody for has no socket. */
	if (f->private != NULL)
		socket_close_take(f->private);
}

/* Files that come with the bytes are closed: nobody asked for them. */
static s64
read(struct file *f, struct iov_iter *to, u64 *pos)
{
	struct socket_message m = {.iov = *to};
	s64 got;

	(void)pos;
	if (to->left_bytes == 0)
		return 0;
	/* An iterator of one piece points into itself. */
	if (to->segments == &to->one)
		m.iov.segments = &m.iov.one;
	got = socket_receive(f, &m);
	if (got >= 0)
		socket_files_free(m.files);
	return got;
}

static s64
write(const struct fs_who *who, struct file *f, struct iov_iter *from, u64 *pos)
{
	struct socket_message m = {.iov = *from, .cred = socket_sender_cred()};

	(void)pos;
	if (from->segments == &from->one)
		m.iov.segments = &m.iov.one;
	return socket_send(who, f, &m);
}

/* ---- poll ---------------------------------------------------------------- */

static u32
poll_locked(const struct socket *s) MUST_HOLD(&s->lock)
{
	u32 ready = 0;

	if (s->error != 0)
		ready |= POLLERR;
	if (s->shut == SHUT_BOTH)
		ready |= POLLHUP;
	if (s->shut & SHUT_RECEIVE)
		ready |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (!list_empty(&s->queue) || !list_empty(&s->embryos))
		ready |= POLLIN | POLLRDNORM;
	if (!socket_is_datagram(s) && s->state == SOCKET_IDLE)
		ready |= POLLHUP;
	if (s->state != SOCKET_LISTENING &&
	    atomic_load(&s->charge) * 4 <= atomic_load(&s->send_bytes))
		ready |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return ready;
}

static u32
poll(struct file *f, struct poll_table *t)
{
	struct socket *s = f->private;
	u32 ready;

	poll_wait(t, &s->readable);
	poll_wait(t, &s->writable);
	spin_lock(&s->lock);
	ready = poll_locked(s);
	spin_unlock(&s->lock);
	if (socket_is_datagram(s) && (ready & POLLOUT) && socket_starves(s))
		ready &= ~(u32)(POLLOUT | POLLWRNORM | POLLWRBAND);
	return ready;
}

/* ---- ioctl ----------------------------------------------------------------
 */

static u64
unread_locked(const struct socket *s) MUST_HOLD(&s->lock)
{
	const struct message *m;
	u64 bytes = 0;

	list_for_each (m, &s->queue, link) {
		bytes += m->len_bytes - m->done_bytes;
		if (socket_is_datagram(s))
			break;
	}
	return bytes;
}

static s64
ioctl(const struct fs_who *who, struct file *f, u32 cmd, u64 arg)
{
	struct socket *s = f->private;
	s32 bytes;

	(void)who;
	if (cmd != FIONREAD && cmd != TIOCOUTQ)
		return -ENOTTY;
	if (cmd == FIONREAD && atomic_load(&s->state) == SOCKET_LISTENING)
		return -EINVAL;
	spin_lock(&s->lock);
	bytes =
	    (s32)(cmd == FIONREAD ? unread_locked(s) : atomic_load(&s->charge));
	spin_unlock(&s->lock);
	return user_write(uaddr(arg), &bytes, sizeof(bytes));
}

const struct file_ops socket_file_ops = {
    .release = release,
    .read = read,
    .write = write,
    .poll = poll,
    .ioctl = ioctl,
    .kind = "socket",
};
