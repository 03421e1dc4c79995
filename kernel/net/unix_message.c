/* Messages: bytes on their way from one socket to another. */
#include "core/thread.h"
#include "mm/slab.h"
#include "net/unix_impl.h"

/* What a message is charged for beside its bytes: at least what it takes. */
#define MESSAGE_OVERHEAD 512
#define BYTES_UNIT       256

static_assert(sizeof(struct message) + 32 * sizeof(void *) <= MESSAGE_OVERHEAD,
    "a message of a stream is charged for what it takes");

static void
free_memory(struct message *m)
{
	u32 i;

	for (i = 0; i < m->nr_pieces; i++)
		kfree(m->pieces[i]);
	kfree(m);
}

static u32
piece_len(const struct message *m, u32 i)
{
	u64 left = m->len_bytes - i * MESSAGE_BYTES_PER_PIECE;

	return (u32)MIN(left, MESSAGE_BYTES_PER_PIECE);
}

static int
fill(struct message *m, struct iov_iter *from)
{
	u32 i;

	for (i = 0; i < m->nr_pieces; i++) {
		u32 len = piece_len(m, i);

		m->pieces[i] = kmalloc(len);
		if (m->pieces[i] == NULL)
			return -ENOMEM;
		if (iov_get(from, m->pieces[i], len) < len)
			return -EFAULT;
	}
	return 0;
}

int
message_create(
    struct socket *s, struct iov_iter *from, u32 len, struct message **out)
{
	u32 nr = (u32)((len + MESSAGE_BYTES_PER_PIECE - 1) /
	    MESSAGE_BYTES_PER_PIECE);
	struct message *m = kzalloc(sizeof(*m) + nr * sizeof(void *));
	int err;

	if (m == NULL)
		return -ENOMEM;
	m->len_bytes = len;
	m->nr_pieces = nr;
	err = fill(m, from);
	if (err < 0) {
		free_memory(m);
		return err;
	}
	list_init(&m->link);
	list_init(&m->carrier);
	m->sender = socket_get(s);
	m->charge = (u32)(MESSAGE_OVERHEAD + align_up(len, BYTES_UNIT));
	atomic_add(&s->charge, m->charge);
	*out = m;
	return 0;
}

/* A sender who was held up goes on when three quarters are free again. */
static void
uncharge(struct message *m)
{
	struct socket *s = m->sender;
	u64 left = atomic_sub(&s->charge, m->charge);
	u64 enough = atomic_load(&s->send_bytes) / 4;

	if (left <= enough && left + m->charge > enough)
		waitq_wake_all(&s->writable);
	socket_put(s);
}

void
message_free(struct message *m)
{
	struct socket_files *files = message_take_files(m);

	uncharge(m);
	free_memory(m);
	socket_files_free(files);
}

int
message_copy(struct message *m, struct iov_iter *to, u32 at, u32 len, u32 *done)
{
	*done = 0;
	while (*done < len) {
		u32 pos = at + *done;
		char *piece = m->pieces[pos / MESSAGE_BYTES_PER_PIECE];
		u32 in_piece = pos % MESSAGE_BYTES_PER_PIECE;
		u32 n =
		    MIN(len - *done, (u32)MESSAGE_BYTES_PER_PIECE - in_piece);
		u32 moved = (u32)iov_put(to, piece + in_piece, n);

		*done += moved;
		if (moved < n)
			return -EFAULT;
	}
	return 0;
}
