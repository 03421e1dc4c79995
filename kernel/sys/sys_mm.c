/* System calls on memory. */
#include <asm/mman.h>
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "core/tlb.h"
#include "fs/memfd.h"
#include "mm/layout.h"
#include "mm/mm.h"
#include "mm/object.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

s64
sys_brk(u64 want)
{
	return (s64)mm_brk(mm_current(), uaddr(want)).val;
}

/* What MAP_SHARED_VALIDATE lets pass: MAP_HUGE_* are bits from there up. */
#define KNOWN_FLAGS                                                            \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN |                \
	    MAP_DENYWRITE | MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE |      \
	    MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |            \
	    31u << MAP_HUGE_SHIFT)

static int
check_map(u64 addr, u64 len, u32 flags, u64 offset)
{
	u32 type = flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE &&
	    type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (len == 0 || !is_aligned(offset, PAGE_SIZE))
		return -EINVAL;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) &&
	    !is_aligned(addr, PAGE_SIZE))
		return -EINVAL;
	if (len > USER_TOP)
		return -ENOMEM;
	/* Nobody is there to be asked what it knows. */
	if (type == MAP_SHARED_VALIDATE && (flags & MAP_ANONYMOUS))
		return -EINVAL;
	if (offset + len < offset)
		return -EOVERFLOW;
	/* No file has bytes there, and arithmetic stays clear of a wrap. */
	if (!(flags & MAP_ANONYMOUS) && offset + len > (u64)INT64_MAX)
		return -EOVERFLOW;
	return 0;
}

/* args->object, with a reference that goes. */
static s64
map_take(struct mm_map_args *args)
{
	uaddr_t out;
	int err = mm_map(mm_current(), args, &out);

	if (args->object != NULL)
		object_put(args->object);
	return err < 0 ? err : (s64)out.val;
}

static s64
map_anon(struct mm_map_args *args)
{
	int err = 0;

	if (args->flags & MM_SHARED)
		err = object_create_anon(
		    align_up(args->len_bytes, PAGE_SIZE), &args->object);
	return err < 0 ? err : map_take(args);
}

static s64
map_open_file(struct file *f, struct mm_map_args *args)
{
	bool shared = (args->flags & MM_SHARED) != 0;
	int err;

	if (f->access & FILE_PATH_ONLY)
		return -EBADF;
	err = file_map(f, shared, args->prot, &args->object);
	/* What maps as zeroes is, shared, memory of its own. */
	if (err == 0 && shared && args->object == NULL)
		err = object_create_anon(
		    align_up(args->len_bytes, PAGE_SIZE), &args->object);
	if (err < 0)
		return err;
	/* A shared one of a file that may not be written stays read-only. */
	if (shared && !memfd_may_map_write(f))
		args->flags |= MM_NEVER_WRITE;
	if (!file_may_run(f))
		args->flags |= MM_NEVER_EXEC;
	return map_take(args);
}

static s64
map_file(int n, u32 flags, struct mm_map_args *args)
{
	bool unknown = (flags & MAP_TYPE) == MAP_SHARED_VALIDATE &&
	    (flags & ~KNOWN_FLAGS) != 0;
	struct fd fd;
	s64 at = fd_get(n, &fd);

	if (at < 0)
		return at;
	memfd_map_begin(fd.file);
	at = unknown ? -EOPNOTSUPP : map_open_file(fd.file, args);
	memfd_map_end(fd.file);
	fd_put(&fd);
	return at;
}

s64
sys_mmap(u64 addr, u64 len, u32 prot, u32 flags, int n, u64 offset)
{
	struct mm_map_args args = {
	    .addr = uaddr(addr),
	    .len_bytes = len,
	    .prot = prot & (PROT_READ | PROT_WRITE | PROT_EXEC),
	    .offset = (flags & MAP_ANONYMOUS) ? 0 : offset,
	    .fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0,
	    .no_replace = (flags & MAP_FIXED_NOREPLACE) != 0,
	    .populate = (flags & MAP_POPULATE) != 0,
	};
	int err = check_map(addr, len, flags, offset);

	if (err < 0)
		return err;
	if ((flags & MAP_TYPE) != MAP_PRIVATE)
		args.flags |= MM_SHARED;
	return (flags & MAP_ANONYMOUS) ? map_anon(&args)
				       : map_file(n, flags, &args);
}

s64
sys_munmap(u64 addr, u64 len)
{
	return mm_unmap(mm_current(), uaddr(addr), len);
}

s64
sys_mprotect(u64 addr, u64 len, u32 prot)
{
	return mm_protect(mm_current(), uaddr(addr), len, prot);
}

s64
sys_mremap(u64 old, u64 old_len, u64 new_len, u32 flags, u64 target)
{
	uaddr_t out;
	int err = mm_remap(mm_current(), uaddr(old), old_len, new_len, flags,
	    uaddr(target), &out);

	return err < 0 ? err : (s64)out.val;
}

s64
sys_madvise(u64 addr, u64 len, int advice)
{
	return mm_advise(mm_current(), uaddr(addr), len, advice);
}

s64
sys_mincore(u64 addr, u64 len, uaddr_t vec)
{
	return mm_mincore(mm_current(), uaddr(addr), len, vec);
}

s64
sys_msync(u64 addr, u64 len, u32 flags)
{
	return mm_sync(mm_current(), uaddr(addr), len, (int)flags);
}

/* Nothing is ever swapped out: to lock is to have it now. */
s64
sys_mlock(u64 addr, u64 len)
{
	u64 start = align_down(addr, PAGE_SIZE);

	return mm_bring(mm_current(), uaddr(start), len + (addr - start));
}

s64
sys_munlock(u64 addr, u64 len)
{
	u64 start = align_down(addr, PAGE_SIZE);
	u64 bytes = align_up(len + (addr - start), PAGE_SIZE);

	return mm_advise(mm_current(), uaddr(start), bytes, MADV_NORMAL);
}

s64
sys_riscv_flush_icache(u64 start, u64 end, u64 flags)
{
	(void)start, (void)end;
	/* Bit 0 asks for this thread alone, which is no cheaper here. */
	if (flags & ~1ul)
		return -EINVAL;
	tlb_flush_code(mm_space(mm_current()));
	return 0;
}

/* A pair of the ABI's struct riscv_hwprobe. */
struct probe {
	s64 key;
	u64 value;
};

/*
 * Keys 0 to 3 name the maker and the base behaviour, 4 the extensions that we
 * vouch for (F, D and C: bits 0 and 1), 5 how fast misaligned access is.
 */
static void
probe_key(struct probe *p)
{
	switch (p->key) {
	case 0:
	case 1:
	case 2:
	case 5:
		p->value = 0;
		break;
	case 3:
		p->value = 1;
		break;
	case 4:
		p->value = 3;
		break;
	default:
		p->key = -1;
		p->value = 0;
	}
}

s64
sys_riscv_hwprobe(uaddr_t pairs, u64 nr, u64 cpu_size, uaddr_t cpus, u32 flags)
{
	struct probe p;
	u64 i;

	(void)cpu_size, (void)cpus;
	if (flags != 0)
		return -EINVAL;
	for (i = 0; i < nr; i++, pairs.val += sizeof(p)) {
		if (user_read(&p, pairs, sizeof(p)) < 0)
			return -EFAULT;
		probe_key(&p);
		if (user_write(pairs, &p, sizeof(p)) < 0)
			return -EFAULT;
	}
	return 0;
}
