/*
 * From an ELF file to an address space.  Pages of the file are mapped, not
 * read: programs that run twice share them, and what is never touched is never
 * loaded.  lib/elf.c has refused every file that lies.
 */
#include <linux/auxvec.h>

#include "arch/riscv/sigframe.h"
#include "core/random.h"
#include "fs/namei.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/exec_impl.h"

/* Where a program that may lie anywhere is put, and how far moved by lot: far
 * from both the fixed ones and the mappings, so that its break can grow. */
#define DYN_BASE         (align_down(USER_TOP / 3 * 2, 1ul << 30))
#define RANDOM_DYN_PAGES (1ul << 18)

#define HWCAP       0x112d /* IMAFDC, a bit for each letter */
#define CLOCK_TICKS 100    /* USER_HZ of the ABI */

/* One ELF file while it is being mapped. */
struct loading {
	struct file *file;
	struct object *object;
	struct elf_image image;
	u64 bias; /* from the file's addresses to where it is */
};

/* [offset, offset + len) of the file, all of it, into memory to be freed. */
static int
read_piece(struct loading *l, u64 offset, u64 len, void **out)
{
	void *buf = kmalloc(len);
	size_t done;
	int err;

	if (buf == NULL)
		return -ENOMEM;
	err = file_read_kernel(l->file, offset, buf, len, &done);
	if (err == 0 && done < len)
		err = -ENOEXEC;
	if (err != 0)
		kfree(buf);
	else
		*out = buf;
	return err;
}

static int
read_image(struct loading *l)
{
	struct file_stat st;
	u64 offset, len, head_len;
	void *head, *table;
	int err;

	file_stat(l->file, &st);
	head_len = MIN(st.size_bytes, PAGE_SIZE);
	if (head_len == 0)
		return -ENOEXEC;
	err = read_piece(l, 0, head_len, &head);
	if (err != 0)
		return err;
	err = elf_find_table(head, head_len, st.size_bytes, &offset, &len);
	if (err == 0 && offset + len <= head_len) {
		err = elf_parse(head, head_len, st.size_bytes, &l->image);
	} else if (err == 0) {
		err = read_piece(l, offset, len, &table);
		if (err == 0) {
			err = elf_parse_table(
			    head, head_len, table, st.size_bytes, &l->image);
			kfree(table);
		}
	}
	kfree(head);
	return err;
}

static int
map(struct mm *mm, const struct mm_map_args *args)
{
	uaddr_t at;
	int err = mm_map(mm, args, &at);

	/* It wants to lie where nothing may, or where the stack is. */
	return err == -EEXIST || err == -EINVAL || err == -EPERM ? -ENOEXEC
								 : err;
}

static int
map_file_part(struct loading *l, struct mm *mm, const struct elf_segment *s)
{
	u64 slack = s->vaddr & PAGE_MASK;
	struct mm_map_args args = {
	    .addr = uaddr(l->bias + s->vaddr - slack),
	    .len_bytes = align_up(slack + s->filesz_bytes, PAGE_SIZE),
	    .prot = s->prot,
	    .object = l->object,
	    .offset = s->offset - slack,
	    .fixed = true,
	    .no_replace = true,
	};

	return map(mm, &args);
}

/* The rest of the last page of the file, which has other bytes there. */
static int
zero_tail(struct mm *mm, u64 from)
{
	u64 len = align_up(from, PAGE_SIZE) - from;

	return len > 0
	    ? mm_write(mm, uaddr(from), page_kva(zero_page), len, true)
	    : 0;
}

static int
map_segment(struct loading *l, struct mm *mm, const struct elf_segment *s)
{
	u64 file_end = l->bias + s->vaddr + s->filesz_bytes;
	u64 end = align_up(l->bias + s->vaddr + s->memsz_bytes, PAGE_SIZE);
	struct mm_map_args zeroes = {
	    .addr = uaddr(align_up(file_end, PAGE_SIZE)),
	    .prot = s->prot,
	    .fixed = true,
	    .no_replace = true,
	};
	int err = 0;

	if (s->filesz_bytes > 0)
		err = map_file_part(l, mm, s);
	else
		zeroes.addr.val = align_down(file_end, PAGE_SIZE);
	if (err == 0 && s->filesz_bytes > 0 && s->memsz_bytes > s->filesz_bytes)
		err = zero_tail(mm, file_end);
	if (err != 0 || end <= zeroes.addr.val)
		return err;
	zeroes.len_bytes = end - zeroes.addr.val;
	return map(mm, &zeroes);
}

/*
 * Where there is room for all of it: wish, or anywhere for 0.  The room is
 * only found, not kept: nobody else maps anything here yet.
 */
static int
find_room(struct loading *l, struct mm *mm, u64 wish)
{
	u64 len = l->image.end - l->image.start;
	struct mm_map_args args = {
	    .addr = uaddr(wish),
	    .len_bytes = len + l->image.align,
	};
	uaddr_t at;
	int err;

	if (l->image.align > USER_TOP)
		return -ENOEXEC;
	err = mm_map(mm, &args, &at);
	if (err == 0)
		err = mm_unmap(mm, at, args.len_bytes);
	l->bias = align_up(at.val, l->image.align) - l->image.start;
	return err;
}

static int
map_image(struct loading *l, struct mm *mm, u64 wish)
{
	u32 i;
	int err = 0;

	/* Even of one that is moved, as on Linux. */
	if (l->image.end > USER_TOP)
		return -ENOEXEC;
	if (l->image.is_dyn)
		err = find_room(l, mm, wish);
	for (i = 0; i < l->image.nr_segments && err == 0; i++)
		err = map_segment(l, mm, &l->image.segments[i]);
	return err;
}

static int
load_file(struct loading *l, struct mm *mm, u64 wish)
{
	int err = file_map(l->file, false, MM_READ | MM_EXEC, &l->object);

	if (err != 0)
		return err == -ENOMEM ? err : -ENOEXEC;
	if (l->object == NULL)
		return -ENOEXEC;
	err = map_image(l, mm, wish);
	object_put(l->object);
	return err;
}

/* What /proc/PID/stat and the break want to know of the program. */
static void
note_segments(struct exec *e, const struct loading *l)
{
	struct mm_places *p = &e->places;
	u32 i;

	p->start_code = ~0ul;
	for (i = 0; i < l->image.nr_segments; i++) {
		const struct elf_segment *s = &l->image.segments[i];
		u64 start = l->bias + s->vaddr;
		u64 file_end = start + s->filesz_bytes;

		p->start_code = MIN(p->start_code, start);
		p->start_data = MAX(p->start_data, start);
		if (s->prot & MM_EXEC)
			p->end_code = MAX(p->end_code, file_end);
		p->end_data = MAX(p->end_data, file_end);
		p->brk = MAX(p->brk, start + s->memsz_bytes);
	}
}

static void
describe_program(struct exec *e, const struct loading *l, u64 interp_bias)
{
	struct exec_auxv *v = &e->auxv;

	exec_auxv_add(v, AT_HWCAP, HWCAP);
	exec_auxv_add(v, AT_PAGESZ, PAGE_SIZE);
	exec_auxv_add(v, AT_CLKTCK, CLOCK_TICKS);
	if (l->image.phdr_vaddr != 0)
		exec_auxv_add(v, AT_PHDR, l->bias + l->image.phdr_vaddr);
	exec_auxv_add(v, AT_PHENT, l->image.phdr_len_bytes);
	exec_auxv_add(v, AT_PHNUM, l->image.nr_phdrs);
	exec_auxv_add(v, AT_BASE, interp_bias);
	exec_auxv_add(v, AT_FLAGS, 0);
	exec_auxv_add(v, AT_ENTRY, l->bias + l->image.entry);
	exec_auxv_add(v, AT_MINSIGSTKSZ, sizeof(struct sigframe));
	exec_auxv_add(v, AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_BYTES);
	exec_auxv_add(v, AT_RSEQ_ALIGN, RSEQ_ALIGN_BYTES);
}

/* The program's interpreter, opened by the path that stands in its file. */
static int
open_interp(struct exec *e, const struct loading *program, struct file **out)
{
	u64 len = program->image.interp_len_bytes;
	size_t done;
	char *path;
	int err;

	if (len > PATH_MAX_BYTES)
		return -ENOEXEC;
	path = kmalloc(len);
	if (path == NULL)
		return -ENOMEM;
	err = file_read_kernel(
	    program->file, program->image.interp_offset, path, len, &done);
	if (err == 0 && (done < len || path[len - 1] != '\0'))
		err = -ENOEXEC;
	if (err == 0)
		err = namei_open_exec(&e->who, fs_name(NULL, path), 0, out);
	kfree(path);
	return err;
}

/* As Linux says it: the library that loads libraries is bad. */
static int
read_interp(struct loading *l)
{
	int err = read_image(l);

	if (err == 0 && !l->image.is_dyn)
		err = -ENOEXEC;
	return err == -ENOEXEC ? -ELIBBAD : err;
}

/* Maps it, and moves the entry there; *bias is where it lies. */
static int
load_interp(struct exec *e, const struct loading *program, u64 *bias)
{
	struct loading *l = kzalloc(sizeof(*l));
	int err;

	if (l == NULL)
		return -ENOMEM;
	err = open_interp(e, program, &l->file);
	if (err == 0)
		err = read_interp(l);
	if (err == 0)
		err = load_file(l, e->mm, 0);
	if (err == 0) {
		*bias = l->bias;
		e->entry = l->bias + l->image.entry;
	}
	file_put(l->file);
	kfree(l);
	return err;
}

static u64
dyn_base(const struct exec *e)
{
	if (!exec_is_random(e))
		return DYN_BASE;
	return DYN_BASE + (random_u64() % RANDOM_DYN_PAGES) * PAGE_SIZE;
}

static int
load_program(struct exec *e, struct loading *l)
{
	u64 interp_bias = 0;
	int err = load_file(l, e->mm, dyn_base(e));

	if (err != 0)
		return err;
	e->entry = l->bias + l->image.entry;
	note_segments(e, l);
	if (l->image.interp_len_bytes > 0)
		err = load_interp(e, l, &interp_bias);
	describe_program(e, l, interp_bias);
	return err;
}

int
exec_load(struct exec *e)
{
	struct loading *l = kzalloc(sizeof(*l));
	int err;

	if (l == NULL)
		return -ENOMEM;
	l->file = e->file;
	err = read_image(l);
	if (err == 0)
		err = exec_map_stack(e, l->image.stack == ELF_STACK_EXEC);
	if (err == 0)
		err = load_program(e, l);
	kfree(l);
	return err;
}
