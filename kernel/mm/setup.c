/*
 * What exec sets up in a new address space: the stack, where mappings go, and
 * the page with the way back from a signal handler.
 */
#include "core/panic.h"
#include "core/random.h"
#include "lib/errno.h"
#include "mm/layout.h"
#include "mm/mm_impl.h"

/*
 * Mappings begin this far below the stack's lowest address, whatever the
 * limit says, within bounds: 128 MiB so that a small stack can still grow,
 * and a sixth of the space so that there is room for mappings.
 */
#define STACK_ROOM_MIN (128ul << 20)
#define STACK_ROOM_MAX (USER_TOP / 6)
/* How far places are moved by lot: 16 GiB for mappings, 8 MiB for the stack. */
#define RANDOM_MAP_PAGES   (1ul << 22)
#define RANDOM_STACK_BYTES (8ul << 20)

/* li a7, 139 (rt_sigreturn); ecall: unwinders know these two words. */
static const u32 trampoline[2] = {0x08b00893, 0x00000073};

static struct object *vdso_object;

void
mm_init(void)
{
	if (object_create_anon(PAGE_SIZE, &vdso_object) < 0 ||
	    object_write(vdso_object, 0, trampoline, sizeof(trampoline)) < 0)
		panic("no memory for the signal page");
	mm_init_reclaim();
}

void
mm_set_random(struct mm *mm, bool random)
{
	mm_lock(mm);
	mm->c.random = random;
	mm_unlock(mm);
}

static u64
stack_room(const struct mm *mm)
{
	u64 room = align_up(MIN(mm->c.limits.stack, STACK_ROOM_MAX), PAGE_SIZE);

	return MAX(room, STACK_ROOM_MIN) + RANDOM_STACK_BYTES;
}

/*
 * Mappings begin below the stack's last gigabyte, so that the stack shares its
 * level-1 table with nothing that grows large.  A program that comes back from
 * fork writes to its stack at once, and that copies this table.
 */
static u64
first_map_top(const struct mm *mm)
{
	u64 top = align_down(USER_TOP - stack_room(mm), pt_span(2));

	if (mm->c.random)
		top -= random_u64() % RANDOM_MAP_PAGES * PAGE_SIZE;
	return top;
}

int
mm_map_stack(struct mm *mm, uaddr_t top, u64 first_bytes, u32 prot)
{
	struct mm_map_args args = {
	    .len_bytes = align_up(first_bytes, PAGE_SIZE),
	    .prot = prot,
	    .flags = MM_STACK,
	    .fixed = true,
	    .no_replace = true,
	};
	u64 at;
	int err;

	args.addr = uaddr(align_up(top.val, PAGE_SIZE) - args.len_bytes);
	mm_lock(mm);
	err = mm_map_locked(mm, &args, &at);
	if (err == 0) {
		mm->c.stack_top = top.val;
		mm->c.map_top = first_map_top(mm);
	}
	mm_unlock(mm);
	return err;
}

int
mm_map_vdso(struct mm *mm, uaddr_t *out)
{
	struct mm_map_args args = {
	    .len_bytes = PAGE_SIZE,
	    .prot = MM_READ | MM_EXEC,
	    .flags = MM_VDSO,
	    .object = vdso_object,
	};
	u64 at = 0;
	int err;

	mm_lock(mm);
	/* Beside the stack if there is room: it needs no tables of its own. */
	args.addr = uaddr(USER_TOP - stack_room(mm) - PAGE_SIZE);
	err = mm_map_locked(mm, &args, &at);
	if (err == 0)
		mm->c.vdso = at;
	mm_unlock(mm);
	*out = uaddr(at);
	return err;
}

uaddr_t
mm_vdso(struct mm *mm)
{
	return uaddr(atomic_load(&mm->c.vdso));
}
