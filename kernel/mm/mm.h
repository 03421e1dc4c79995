/*
 * An address space, as the folders above see it.
 */
#ifndef MM_MM_H
#define MM_MM_H

#include "arch/riscv/upcall.h"
#include "lib/types.h"

struct mm;
struct object;

/* Protection, as PROT_* of Linux has it. */
enum {
	MM_READ = 1,
	MM_WRITE = 2,
	MM_EXEC = 4,
};

/* Flags of a region. */
enum {
	MM_SHARED = 1u << 0,     /* writes are seen by all who map the object */
	MM_STACK = 1u << 1,      /* grows down to the limit when touched */
	MM_DONTFORK = 1u << 2,   /* a forked child has nothing here */
	MM_WIPEONFORK = 1u << 3, /* a forked child has zeroes here */
	MM_HEAP = 1u << 4,       /* the break's */
	MM_NEVER_WRITE = 1u << 5, /* shared file opened read-only */
	MM_VDSO = 1u << 6,        /* our signal page */
	MM_NEVER_EXEC = 1u << 7,  /* file that lies where nothing is run */
};

/* Of one address space: what Linux allows by default. */
#define MM_MAX_REGIONS 65530

/* Boot. */
void mm_init(void);
/* A new address space, empty, with one reference. */
int mm_create(struct mm **out) MUST_CHECK;
/*
 * A copy of the current one, by sharing: costs the same whatever it holds.
 * next, if it can be one, is the address of the first instruction that both
 * will run.  Locks: takes parent's.
 */
int mm_fork(struct mm *parent, uaddr_t next, struct mm **out) MUST_CHECK;
void mm_get(struct mm *mm);
/* The last reference takes everything down. Sleeps. */
void mm_put(struct mm *mm);
/* The current thread's; NULL for a kernel thread. */
struct mm *mm_current(void);
/* The current thread uses mm from now on (NULL: none); no count changes. */
void mm_use(struct mm *mm);
/* For a thread that has not run yet. */
struct tlb_space *mm_space(struct mm *mm);

/* What mm must know of its process's limits, in bytes. */
struct mm_limits {
	u64 stack;
	u64 data;
	u64 address_space;
};
void mm_set_limits(struct mm *mm, const struct mm_limits *limits);

/*
 * addr is a wish, or with fixed a demand (what is mapped there goes, or with
 * no_replace -EEXIST).  object may be NULL: private zeroes; a reference of its
 * own is taken.  populate: fill it now as far as memory allows.
 */
struct mm_map_args {
	uaddr_t addr;
	u64 len_bytes;
	u32 prot;
	u32 flags;
	struct object *object;
	u64 offset;
	bool fixed;
	bool no_replace;
	bool populate;
};
int mm_map(
    struct mm *mm, const struct mm_map_args *args, uaddr_t *out) MUST_CHECK;
int mm_unmap(struct mm *mm, uaddr_t start, u64 len_bytes) MUST_CHECK;
/* prot: PROT_* of Linux, that for what grows down among them. */
int mm_protect(
    struct mm *mm, uaddr_t start, u64 len_bytes, u32 prot) MUST_CHECK;
/* flags: MREMAP_* of Linux. */
int mm_remap(struct mm *mm, uaddr_t old, u64 old_len, u64 new_len, u32 flags,
    uaddr_t new_addr, uaddr_t *out) MUST_CHECK;
/*
 * All of a range is there, and of what is private and can be written copies of
 * its own, so that no access has to wait for memory.  Errors: as mlock's.
 */
int mm_bring(struct mm *mm, uaddr_t start, u64 len_bytes) MUST_CHECK;
/* advice: MADV_* of Linux; -EINVAL for those that are not known. */
int mm_advise(
    struct mm *mm, uaddr_t start, u64 len_bytes, int advice) MUST_CHECK;
/*
 * So many pages of memory are left alone by who asks for pages at once
 * (MADV_POPULATE_WRITE); 0 at boot.
 */
void mm_set_reserve(u64 nr_pages);
u64 mm_reserve(void);
/* One byte a page to vec (user memory): 1 where a page is present. */
int mm_mincore(
    struct mm *mm, uaddr_t start, u64 len_bytes, uaddr_t vec) MUST_CHECK;
/* flags: MS_* of Linux. */
int mm_sync(struct mm *mm, uaddr_t start, u64 len_bytes, int flags) MUST_CHECK;
/* The break: returns the new one, or the old one if it could not be moved. */
uaddr_t mm_brk(struct mm *mm, uaddr_t want);
/* exec: where the break starts. */
void mm_set_brk_start(struct mm *mm, uaddr_t start);
/* exec: the stack ends at top; returns the region's mapped part's start. */
int mm_map_stack(
    struct mm *mm, uaddr_t top, u64 first_bytes, u32 prot) MUST_CHECK;
/* exec: the page with the signal trampoline; its address. */
int mm_map_vdso(struct mm *mm, uaddr_t *out) MUST_CHECK;
uaddr_t mm_vdso(struct mm *mm);
/* exec: do addresses start at random places? (before anything is mapped) */
void mm_set_random(struct mm *mm, bool random);

/*
 * Bytes of an address space that need not be the current one: exec's
 * arguments, a debugger's pokes.  Kept by the same rules as a fault; force
 * ignores read-only, as a debugger does.
 */
int mm_read(struct mm *mm, uaddr_t src, void *dst, size_t len) MUST_CHECK;
int mm_write(struct mm *mm, uaddr_t dst, const void *src, size_t len,
    bool force) MUST_CHECK;

/*
 * Makes one access possible.  0: try again.
 * Errors: -EFAULT nothing is mapped, -EACCES it is but not for this,
 *         -EIO or -ERANGE beyond the end of a file (SIGBUS), -ENOMEM.
 * Locks: takes mm's.
 */
int mm_fault(struct mm *mm, uaddr_t addr, enum fault_access access) MUST_CHECK;

/*
 * For a system call that found no memory and has changed nothing: makes room,
 * and says whether it is to be tried again.  *tries: 0 to begin with, and then
 * left alone.  Locks: none may be held.  Sleeps.
 */
bool mm_find_room(u32 *tries) MUST_CHECK;

/*
 * What a futex word is known by: its place in an object if the mapping is
 * shared, else its address in this mm.  A reference to the object is given
 * with it (object != NULL).
 */
struct mm_futex_key {
	struct mm *mm;
	struct object *object;
	u64 offset;
};
int mm_futex_key(
    struct mm *mm, uaddr_t addr, struct mm_futex_key *out) MUST_CHECK;

/* One region, for /proc. */
struct mm_region_info {
	uaddr_t start;
	uaddr_t end;
	u32 prot;
	u32 flags;
	u64 offset;
	u64 dev;
	u64 ino;
	char name[256];
	bool is_brk;
};
/* The first region that ends above addr; false when there is none. */
bool mm_region_info(struct mm *mm, uaddr_t addr, struct mm_region_info *out);

/* How much of it there is, in pages. */
struct mm_usage {
	u64 mapped; /* by regions */
	u64 data;   /* private writable ones */
	u64 stack;
	u64 text;     /* private executable ones */
	u64 resident; /* leaves present, by a walk */
	u64 shared;   /* of these, pages of objects */
	u64 peak_mapped;
};
void mm_usage(struct mm *mm, struct mm_usage *out);

/* Places exec found, for /proc/PID/stat and prctl. */
struct mm_places {
	u64 start_code, end_code, start_data, end_data, start_stack;
	u64 arg_start, arg_end, env_start, env_end;
	u64 start_brk, brk;
};
void mm_get_places(struct mm *mm, struct mm_places *out);
void mm_set_places(struct mm *mm, const struct mm_places *places);

#endif
