#include "lib/elf.h"

#include <linux/elf.h>
#include <linux/mman.h>

#include "lib/errno.h"
#include "lib/string.h"

/* The longest path of an interpreter, with its zero: Linux' PATH_MAX. */
#define MAX_INTERP 4096

/* Whether [offset, offset + len) lies in a file of this length. */
static bool
is_inside(u64 offset, u64 len, u64 file_len)
{
	return offset <= file_len && len <= file_len - offset;
}

static int
check_header(const struct elf64_hdr *h)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 ||
	    h->e_ident[EI_CLASS] != ELFCLASS64 ||
	    h->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (h->e_machine != EM_RISCV ||
	    (h->e_type != ET_EXEC && h->e_type != ET_DYN))
		return -ENOEXEC;
	if (h->e_phentsize != sizeof(struct elf64_phdr) ||
	    h->e_phnum > ELF_MAX_SEGMENTS)
		return -ENOEXEC;
	return 0;
}

static int
prot_of(u32 flags)
{
	return (flags & PF_R ? PROT_READ : 0) |
	    (flags & PF_W ? PROT_WRITE : 0) | (flags & PF_X ? PROT_EXEC : 0);
}

/* Laws E2 and E3, and of E1 that it ends within 64 bits. */
static bool
is_sound(const struct elf64_phdr *p, u64 file_len)
{
	if (p->p_filesz > p->p_memsz ||
	    !is_inside(p->p_offset, p->p_filesz, file_len))
		return false;
	if (p->p_filesz > 0 && !is_aligned(p->p_offset ^ p->p_vaddr, PAGE_SIZE))
		return false;
	return p->p_vaddr <= UINT64_MAX - PAGE_MASK - p->p_memsz;
}

static int
add_segment(struct elf_image *im, const struct elf64_phdr *p, u64 file_len)
{
	u64 align = p->p_align;

	/* One without a size means nothing, and asks for no page. */
	if (p->p_memsz == 0)
		return 0;
	if (p->p_memsz > UINT64_MAX - PAGE_MASK || !is_sound(p, file_len))
		return -ENOEXEC;
	if (im->nr_segments == 0)
		im->start = align_down(p->p_vaddr, PAGE_SIZE);
	else if (align_down(p->p_vaddr, PAGE_SIZE) < im->end)
		return -ENOEXEC;
	im->end = align_up(p->p_vaddr + p->p_memsz, PAGE_SIZE);
	/* As Linux does, an alignment that is none is not heeded. */
	if ((align & (align - 1)) == 0)
		im->align = MAX(im->align, align);
	im->segments[im->nr_segments++] = (struct elf_segment){
	    .vaddr = p->p_vaddr,
	    .memsz_bytes = p->p_memsz,
	    .filesz_bytes = p->p_filesz,
	    .offset = p->p_offset,
	    .prot = prot_of(p->p_flags),
	};
	return 0;
}

/* Of several, the first counts. */
static int
add_interp(struct elf_image *im, const struct elf64_phdr *p, u64 file_len)
{
	if (im->interp_len_bytes > 0)
		return 0;
	if (p->p_filesz < 2 || p->p_filesz > MAX_INTERP ||
	    !is_inside(p->p_offset, p->p_filesz, file_len))
		return -ENOEXEC;
	im->interp_offset = p->p_offset;
	im->interp_len_bytes = p->p_filesz;
	return 0;
}

static int
add_phdr(struct elf_image *im, const struct elf64_phdr *p, u64 file_len)
{
	switch (p->p_type) {
	case PT_LOAD:
		return add_segment(im, p, file_len);
	case PT_INTERP:
		return add_interp(im, p, file_len);
	case PT_GNU_STACK:
		im->stack =
		    p->p_flags & PF_X ? ELF_STACK_EXEC : ELF_STACK_NOEXEC;
		return 0;
	default:
		return 0;
	}
}

/* Where the segments put this offset of the file, 0 if nowhere. */
static u64
vaddr_of(const struct elf_image *im, u64 offset)
{
	u32 i;

	for (i = 0; i < im->nr_segments; i++) {
		const struct elf_segment *s = &im->segments[i];

		if (offset >= s->offset && offset - s->offset < s->filesz_bytes)
			return offset - s->offset + s->vaddr;
	}
	return 0;
}

/* The header, with its table of program headers inside the file. */
static int
read_header(
    const void *head, size_t head_len, u64 file_len, struct elf64_hdr *h)
{
	int err;

	/* A page of the cache goes on with zeros behind the end of the file. */
	if (MIN(head_len, file_len) < sizeof(*h))
		return -ENOEXEC;
	memcpy(h, head, sizeof(*h));
	err = check_header(h);
	if (err == 0 &&
	    !is_inside(
		h->e_phoff, h->e_phnum * sizeof(struct elf64_phdr), file_len))
		err = -ENOEXEC;
	return err;
}

int
elf_find_table(const void *head, size_t head_len_bytes, u64 file_len_bytes,
    u64 *offset, u64 *len_bytes)
{
	struct elf64_hdr h;
	int err = read_header(head, head_len_bytes, file_len_bytes, &h);

	if (err)
		return err;
	*offset = h.e_phoff;
	*len_bytes = h.e_phnum * sizeof(struct elf64_phdr);
	return 0;
}

int
elf_parse_table(const void *head, size_t head_len_bytes, const void *table,
    u64 file_len_bytes, struct elf_image *image)
{
	struct elf64_hdr h;
	struct elf64_phdr p;
	int err = read_header(head, head_len_bytes, file_len_bytes, &h);
	u32 i;

	if (err)
		return err;
	*image = (struct elf_image){
	    .is_dyn = h.e_type == ET_DYN,
	    .entry = h.e_entry,
	    .align = PAGE_SIZE,
	    .nr_phdrs = h.e_phnum,
	    .phdr_len_bytes = sizeof(p),
	};
	for (i = 0; i < h.e_phnum; i++) {
		memcpy(&p, (const u8 *)table + i * sizeof(p), sizeof(p));
		err = add_phdr(image, &p, file_len_bytes);
		if (err)
			return err;
	}
	if (image->nr_segments == 0)
		return -ENOEXEC;
	image->phdr_vaddr = vaddr_of(image, h.e_phoff);
	return 0;
}

int
elf_parse(const void *head, size_t head_len_bytes, u64 file_len_bytes,
    struct elf_image *image)
{
	u64 offset, len;
	int err =
	    elf_find_table(head, head_len_bytes, file_len_bytes, &offset, &len);

	if (err)
		return err;
	if (!is_inside(offset, len, head_len_bytes))
		return -ENOEXEC;
	return elf_parse_table(head, head_len_bytes, (const u8 *)head + offset,
	    file_len_bytes, image);
}
