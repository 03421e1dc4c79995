/* What setsockopt and getsockopt know of SOL_SOCKET. */
#include "net/unix_impl.h"

/* As on Linux: the most one can ask for, doubled for what is not bytes. */
#define MAX_BUFFER         212992u
#define MIN_SEND_BUFFER    4608u
#define MIN_RECEIVE_BUFFER 2304u

/* ---- switches --------------------------------------------------------------
 */

static u32
switch_of(int name)
{
	switch (name) {
	case SO_PASSCRED:
		return SOCKET_PASSCRED;
	case SO_REUSEADDR:
		return SOCKET_REUSEADDR;
	case SO_KEEPALIVE:
		return SOCKET_KEEPALIVE;
	case SO_BROADCAST:
		return SOCKET_BROADCAST;
	}
	return 0;
}

static void
turn(struct socket *s, u32 which, bool on)
{
	if (on)
		atomic_or(&s->flags, which);
	else
		atomic_and(&s->flags, ~which);
}

/* ---- times ------------------------------------------------------------------
 */

static u64 *
timeout_of(struct socket *s, int name)
{
	switch (name) {
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return &s->receive_timeout_ns;
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return &s->send_timeout_ns;
	}
	return NULL;
}

/* Zero is for ever; what is negative is over at once. */
static int
set_timeout(u64 *timeout_ns, const union socket_value *val, u32 len)
{
	s64 sec = val->time[0], usec = val->time[1];
	u64 most = ((u64)INT64_MAX / NSEC_PER_SEC) - 1;

	if (len < sizeof(val->time))
		return -EINVAL;
	if (usec < 0 || usec >= 1000000)
		return -EDOM;
	if (sec < 0)
		atomic_store(timeout_ns, 1ul);
	else
		atomic_store(timeout_ns,
		    MIN((u64)sec, most) * NSEC_PER_SEC +
			(u64)usec * NSEC_PER_USEC);
	return 0;
}

static void
get_timeout(const u64 *timeout_ns, union socket_value *val, u32 *len)
{
	u64 ns = atomic_load(timeout_ns);

	val->time[0] = (s64)(ns / NSEC_PER_SEC);
	val->time[1] = (s64)(ns % NSEC_PER_SEC / NSEC_PER_USEC);
	*len = sizeof(val->time);
}

/* ---- the calls --------------------------------------------------------------
 */

static int
set_number(struct socket *s, int name, u32 number)
{
	u32 bytes = 2 * MIN(number, MAX_BUFFER);

	switch (name) {
	case SO_SNDBUF:
		atomic_store(&s->send_bytes, MAX(bytes, MIN_SEND_BUFFER));
		waitq_wake_all(&s->writable);
		return 0;
	case SO_RCVBUF:
		atomic_store(&s->receive_bytes, MAX(bytes, MIN_RECEIVE_BUFFER));
		return 0;
	}
	return -ENOPROTOOPT;
}

int
socket_set_option(
    struct file *f, int name, const union socket_value *val, u32 len)
{
	struct socket *s;
	u64 *timeout_ns;
	u32 flag;
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	if (len < sizeof(val->number))
		return -EINVAL;
	timeout_ns = timeout_of(s, name);
	if (timeout_ns != NULL)
		return set_timeout(timeout_ns, val, len);
	flag = switch_of(name);
	if (flag == 0)
		return set_number(s, name, (u32)val->number);
	turn(s, flag, val->number != 0);
	return 0;
}

static int
get_number(struct socket *s, int name, s32 *out)
{
	switch (name) {
	case SO_TYPE:
		*out = s->type;
		return 0;
	case SO_DOMAIN:
		*out = AF_UNIX;
		return 0;
	case SO_PROTOCOL:
		*out = 0;
		return 0;
	case SO_ERROR:
		*out = -socket_take_error(s);
		return 0;
	case SO_ACCEPTCONN:
		*out = atomic_load(&s->state) == SOCKET_LISTENING;
		return 0;
	case SO_SNDBUF:
		*out = (s32)atomic_load(&s->send_bytes);
		return 0;
	case SO_RCVBUF:
		*out = (s32)atomic_load(&s->receive_bytes);
		return 0;
	}
	return -ENOPROTOOPT;
}

int
socket_get_option(struct file *f, int name, union socket_value *val, u32 *len)
{
	struct socket *s;
	u64 *timeout_ns;
	u32 flag = switch_of(name);
	int err = socket_of(f, &s);

	if (err < 0)
		return err;
	*len = sizeof(val->number);
	timeout_ns = timeout_of(s, name);
	if (timeout_ns != NULL) {
		get_timeout(timeout_ns, val, len);
	} else if (name == SO_PEERCRED) {
		spin_lock(&s->lock);
		val->cred = s->other;
		spin_unlock(&s->lock);
		*len = sizeof(val->cred);
	} else if (flag != 0) {
		val->number = (atomic_load(&s->flags) & flag) != 0;
	} else {
		return get_number(s, name, &val->number);
	}
	return 0;
}
