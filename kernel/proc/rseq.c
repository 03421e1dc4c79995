/*
 * An area is looked at where its thread goes back to user mode, if it has been
 * switched out since (NOTIFY_SWITCHED), and before a handler is entered.  To
 * read it can make the thread wait, and so be switched out once more: then the
 * bit is set again, and upcall_user_return comes round again with the new hart.
 */
#include "proc/rseq.h"

#include <asm/siginfo.h>
#include <linux/rseq.h>

#include "core/hart.h"
#include "mm/layout.h"
#include "mm/usercopy.h"
#include "proc/proc_impl.h"

#define AT_SECTION offsetof(struct rseq, rseq_cs)
#define AT_NODE                                                                \
	(RSEQ_FEATURE_BYTES - sizeof(u32)) /* younger than some headers */

static_assert(offsetof(struct rseq, cpu_id_start) == 0 &&
	offsetof(struct rseq, cpu_id) == 4 && AT_SECTION == 8,
    "the ABI's area");
static_assert(sizeof(struct rseq_cs) == 32, "the ABI's description");

static void
set_area(struct task *t, const struct rseq_area *a)
{
	t->rseq = *a;
	/* Read by this hart's scheduler alone: it runs here, or not yet. */
	t->thread.tell_switch = a->at.val != 0;
}

void
rseq_forget(struct task *t)
{
	const struct rseq_area none = {.told_hart = -1};

	set_area(t, &none);
}

void
rseq_inherit(struct task *t)
{
	if (t->rseq.at.val == 0)
		return;
	t->thread.tell_switch = true;
	t->thread.notify |= NOTIFY_SWITCHED;
}

/* ---- registering --------------------------------------------------------- */

static bool
is_the_same(const struct rseq_area *a, uaddr_t at, u32 len_bytes)
{
	return a->at.val == at.val && a->len_bytes == len_bytes;
}

int
rseq_register(uaddr_t at, u32 len_bytes, u32 signature)
{
	struct task *t = task_current();
	struct rseq_area a = {
	    .at = at,
	    .len_bytes = len_bytes,
	    .signature = signature,
	    .told_hart = -1,
	};

	if (t->rseq.at.val != 0) {
		if (!is_the_same(&t->rseq, at, len_bytes))
			return -EINVAL;
		return t->rseq.signature != signature ? -EPERM : -EBUSY;
	}
	if (len_bytes < sizeof(struct rseq) || at.val == 0 ||
	    !is_aligned(at.val, RSEQ_ALIGN_BYTES))
		return -EINVAL;
	if (!user_range_ok(at, len_bytes))
		return -EFAULT;
	set_area(t, &a);
	thread_notify(&t->thread, NOTIFY_SWITCHED);
	return 0;
}

int
rseq_unregister(uaddr_t at, u32 len_bytes, u32 signature)
{
	const struct rseq gone = {.cpu_id = RSEQ_CPU_ID_UNINITIALIZED};
	struct task *t = task_current();

	if (t->rseq.at.val == 0 || !is_the_same(&t->rseq, at, len_bytes))
		return -EINVAL;
	if (t->rseq.signature != signature)
		return -EPERM;
	if (user_write(at, &gone, AT_SECTION) < 0)
		return -EFAULT;
	rseq_forget(t);
	return 0;
}

/* ---- on the way to user mode ----------------------------------------------
 */

/* Does it describe code that there can be, with its way out somewhere else? */
static bool
is_sound(const struct rseq_cs *s)
{
	u64 end = s->start_ip + s->post_commit_offset;

	return s->version == 0 && s->flags == 0 && s->start_ip < USER_TOP &&
	    end >= s->start_ip && end < USER_TOP && s->abort_ip < USER_TOP &&
	    s->abort_ip - s->start_ip >= s->post_commit_offset;
}

/* The word before the way out: a program can't be led to just anywhere. */
static int
check_signature(const struct task *t, u64 abort_ip)
{
	u32 found;
	int err =
	    user_read(&found, uaddr(abort_ip - sizeof(found)), sizeof(found));

	if (err < 0)
		return err;
	return found == t->rseq.signature ? 0 : -EINVAL;
}

/* Who was in a sequence goes on at its way out; it is over in any case. */
static int
leave_section(struct task *t, struct trap_frame *f)
{
	uaddr_t word = uaddr(t->rseq.at.val + AT_SECTION);
	const u64 none = 0;
	struct rseq_cs s;
	u64 at;
	int err = user_read(&at, word, sizeof(at));

	if (err < 0 || at == 0)
		return err;
	err = user_read(&s, uaddr(at), sizeof(s));
	if (err == 0 && !is_sound(&s))
		err = -EINVAL;
	if (err == 0)
		err = check_signature(t, s.abort_ip);
	if (err == 0)
		err = user_write(word, &none, sizeof(none));
	if (err == 0 && f->pc - s.start_ip < s.post_commit_offset)
		f->pc = s.abort_ip;
	return err;
}

/*
 * The hart may change until interrupts are off for good: then the bit is set
 * again.
 */
static int
tell_hart(struct task *t)
{
	s32 hart = atomic_load(&t->thread.hart);
	struct rseq now = {.cpu_id_start = hart, .cpu_id = hart};
	const u32 node = 0;
	int err = 0;

	if (t->rseq.told_hart == hart)
		return 0;
	if (t->rseq.told_hart < 0)
		err = user_write(
		    uaddr(t->rseq.at.val + AT_NODE), &node, sizeof(node));
	if (err == 0)
		err = user_write(t->rseq.at, &now, AT_SECTION);
	if (err == 0)
		t->rseq.told_hart = hart;
	return err;
}

static void
failed(int err)
{
	if (err == -ENOMEM)
		trap_out_of_memory();
	else
		signal_force_fault(SIGSEGV, SI_KERNEL, 0);
}

void
rseq_switched(struct task *t, struct trap_frame *f)
{
	int err;

	thread_notify_clear(&t->thread, NOTIFY_SWITCHED);
	if (t->rseq.at.val == 0)
		return;
	err = leave_section(t, f);
	if (err == 0)
		err = tell_hart(t);
	if (err < 0)
		failed(err);
}

void
rseq_interrupted(struct task *t, struct trap_frame *f)
{
	int err;

	if (t->rseq.at.val == 0)
		return;
	err = leave_section(t, f);
	if (err < 0)
		failed(err);
}
