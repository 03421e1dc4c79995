/*
 * Reads what exec needs of an ELF file for this machine: 64 bits, little
 * endian, RISC-V.  A file that does not keep the rules stated here is refused
 * as a whole, so that exec can map what is accepted without further doubt.
 */
#ifndef LIB_ELF_H
#define LIB_ELF_H

#include "lib/types.h"

/* More program headers than a page has room for would not be read anyway. */
#define ELF_MAX_SEGMENTS 64

/*
 * What of the file is to be mapped where.  Addresses of a position-independent
 * file count from wherever it is put.
 * Laws  E1 segments are in order of address, no two touch the same page, and
 *          the last page ends within 64 bits
 *       E2 0 < memsz, filesz <= memsz, and the bytes lie within the file
 *       E3 if filesz > 0, offset and vaddr are at the same place in their page
 */
struct elf_segment {
	u64 vaddr;
	u64 memsz_bytes;
	u64 filesz_bytes;
	u64 offset;
	int prot; /* PROT_READ | PROT_WRITE | PROT_EXEC */
};

enum elf_stack {
	ELF_STACK_DEFAULT, /* the file does not say */
	ELF_STACK_NOEXEC,
	ELF_STACK_EXEC,
};

/* About 2.6 kB: not for the stack. */
struct elf_image {
	bool is_dyn; /* position-independent */
	enum elf_stack stack;
	u64 entry;
	u64 start; /* the segments' pages are [start, end) */
	u64 end;
	u64 align; /* a power of two that a load address is a multiple of */
	u64 phdr_vaddr; /* where the program headers get mapped, or 0 */
	u32 nr_phdrs;
	u32 phdr_len_bytes;   /* of one */
	u64 interp_offset;    /* path of the interpreter in the file */
	u64 interp_len_bytes; /* with its final zero; 0: there is none */
	u32 nr_segments;      /* at least 1 */
	struct elf_segment segments[ELF_MAX_SEGMENTS];
};

/*
 * head is the start of the file; the program headers must lie in it.
 * Errors: ENOEXEC, for whatever reason; image is then without meaning.
 */
int elf_parse(const void *head, size_t head_len_bytes, u64 file_len_bytes,
    struct elf_image *image) MUST_CHECK;

/*
 * The same when the program headers may lie anywhere in the file: first where,
 * then with them in table, which the caller has read from there.
 */
int elf_find_table(const void *head, size_t head_len_bytes, u64 file_len_bytes,
    u64 *offset, u64 *len_bytes) MUST_CHECK;
int elf_parse_table(const void *head, size_t head_len_bytes, const void *table,
    u64 file_len_bytes, struct elf_image *image) MUST_CHECK;

#endif
