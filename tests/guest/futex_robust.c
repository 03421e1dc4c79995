/*
 * Robust lists: locks whose owner dies go on, and a list that is nonsense
 * harms nobody but the thread that made it.
 */
#include "tap.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>

/* ---- by the C library ---------------------------------------------------- */

static pthread_mutex_t *
make_mutex(void)
{
	pthread_mutex_t *m = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	ensure(pthread_mutex_init(m, &a) == 0);
	return m;
}

static void *
lock_and_end(void *m)
{
	pthread_mutex_lock(m);
	return NULL;
}

TEST(futex_robust_thread)
{
	pthread_mutex_t *m = make_mutex();
	pthread_t t;

	ensure(pthread_create(&t, NULL, lock_and_end, m) == 0);
	pthread_join(t, NULL);
	is(pthread_mutex_lock(m), EOWNERDEAD, "the owner has ended");
	is(pthread_mutex_consistent(m), 0, "it can be mended");
	is(pthread_mutex_unlock(m), 0, "and released");
	is(pthread_mutex_lock(m), 0, "and taken again");
	pthread_mutex_unlock(m);
}

/* The child is killed with the lock held while the parent sleeps for it. */
TEST(futex_robust_killed)
{
	pthread_mutex_t *m = make_mutex();
	struct gate held = gate_make();
	int i, told = 0;

	for (i = 0; i < 10; i++) {
		pid_t killer, pid = must(fork());

		if (pid == 0) {
			pthread_mutex_lock(m);
			gate_open(&held);
			for (;;)
				pause();
		}
		gate_wait(&held);
		killer = must(fork());
		if (killer == 0) {
			sched_yield();
			kill(pid, SIGKILL);
			_exit(0);
		}
		told += pthread_mutex_lock(m) == EOWNERDEAD;
		pthread_mutex_consistent(m);
		pthread_mutex_unlock(m);
		wait_status(killer);
		wait_status(pid);
	}
	is(told, 10, "who waits is told of the owner's death");
}

/* ---- by hand ------------------------------------------------------------- */

struct node {
	struct robust_list list;
	uint32_t word;
	uint32_t pad;
};

static struct shared {
	struct robust_list_head head;
	struct node node[3];
} * s;

static void
set_list(void *head)
{
	syscall(SYS_set_robust_list, head, sizeof(struct robust_list_head));
}

static void
make_ring(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		s->node[i].list.next =
		    i < 2 ? &s->node[i + 1].list : &s->head.list;
		s->node[i].word = syscall(SYS_gettid);
	}
	s->head.list.next = &s->node[0].list;
	s->head.futex_offset = offsetof(struct node, word);
	s->head.list_op_pending = NULL;
}

static void
ring_and_end(void)
{
	make_ring();
	s->node[1].word |= FUTEX_WAITERS;
	s->node[2].word = 12345;
	set_list(&s->head);
}

static void
pending_and_end(void)
{
	make_ring();
	s->head.list.next = &s->head.list;
	s->head.list_op_pending = &s->node[0].list;
	set_list(&s->head);
}

static void
loop_and_end(void)
{
	make_ring();
	s->node[2].list.next = &s->node[0].list;
	set_list(&s->head);
}

static void
wild_next_and_end(void)
{
	make_ring();
	s->node[0].list.next = (void *)0xffffffc080200000ul;
	set_list(&s->head);
}

static void
wild_offset_and_end(void)
{
	make_ring();
	s->head.futex_offset = 0x4000000000000000l;
	set_list(&s->head);
}

static void
odd_offset_and_end(void)
{
	make_ring();
	s->head.futex_offset++;
	set_list(&s->head);
}

static void
wild_pending_and_end(void)
{
	make_ring();
	s->head.list.next = &s->head.list;
	s->head.list_op_pending = (void *)-8l;
	set_list(&s->head);
}

static void
wild_head_and_end(void)
{
	set_list((void *)0xffffffc080200000ul);
}

static void
cut_off_head_and_end(void)
{
	char *p = must(mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(munmap(p + 4096, 4096));
	set_list(p + 4096 - 8);
}

static void
read_only_and_end(void)
{
	make_ring();
	set_list(&s->head);
	must(mprotect(s, 4096, PROT_READ));
}

TEST(futex_robust_list)
{
	s = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	lives(ring_and_end, "a child with three words in its list");
	is(s->node[0].word, FUTEX_OWNER_DIED, "the first is marked");
	is(s->node[1].word, FUTEX_OWNER_DIED | FUTEX_WAITERS,
	    "so is the second, which keeps its bit for waiters");
	is(s->node[2].word, 12345, "the third was somebody else's");
	lives(pending_and_end, "one with a lock that is being taken");
	is(s->node[0].word, FUTEX_OWNER_DIED, "is marked too");
	lives(loop_and_end, "a ring without a head");
	is(s->node[2].word, FUTEX_OWNER_DIED, "is walked all the same");
	lives(wild_next_and_end, "a list that leads into the kernel");
	is(s->node[0].word, FUTEX_OWNER_DIED, "counts as far as it goes");
	lives(wild_offset_and_end, "a distance that leads nowhere");
	lives(odd_offset_and_end, "a distance that is misaligned");
	lives(wild_pending_and_end, "a pending lock that is nowhere");
	lives(wild_head_and_end, "a head in the kernel's half");
	lives(cut_off_head_and_end, "half a head");
	lives(read_only_and_end, "words that cannot be written");
	is_errno(syscall(SYS_set_robust_list, s, 23), EINVAL,
	    "a head of another size");
}
