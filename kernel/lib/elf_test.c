/* links: lib/fuzz_elf.c */

#include "fake.h"

#include <linux/elf.h>
#include <linux/mman.h>
#include <string.h>

#include "replay.h"

#include "lib/elf.h"
#include "lib/errno.h"

#define FILE_LEN 0x20000

/* The start of a file; tests spoil it in one place each. */
static struct {
	struct elf64_hdr h;
	struct elf64_phdr p[ELF_MAX_SEGMENTS + 1];
} file;

static struct elf_image image;

static int
parse(void)
{
	return elf_parse(&file, sizeof(file), FILE_LEN, &image);
}

static struct elf64_phdr *
add(u32 type, u64 vaddr, u64 memsz, u32 flags)
{
	struct elf64_phdr *p = &file.p[file.h.e_phnum++];

	*p = (struct elf64_phdr){
	    .p_type = type,
	    .p_offset = vaddr & 0xffff,
	    .p_vaddr = vaddr,
	    .p_filesz = memsz,
	    .p_memsz = memsz,
	    .p_flags = flags,
	    .p_align = PAGE_SIZE,
	};
	return p;
}

/* As ld makes them: text with the headers, data with bss, stack, and more. */
static void
build(void)
{
	memset(&file, 0, sizeof(file));
	memcpy(file.h.e_ident, ELFMAG, SELFMAG);
	file.h.e_ident[EI_CLASS] = ELFCLASS64;
	file.h.e_ident[EI_DATA] = ELFDATA2LSB;
	file.h.e_type = ET_EXEC;
	file.h.e_machine = EM_RISCV;
	file.h.e_entry = 0x10554;
	file.h.e_phoff = offsetof(typeof(file), p);
	file.h.e_phentsize = sizeof(struct elf64_phdr);
	add(PT_LOAD, 0x10000, 0x6033, PF_R | PF_X);
	add(PT_LOAD, 0x17dc0, 0x5600, PF_R | PF_W)->p_memsz = 0xaab8;
	add(PT_TLS, 0x17dc0, 0x18, PF_R);
	add(PT_GNU_STACK, 0, 0, PF_R | PF_W);
}

static void
test_static(void **state)
{
	(void)state;
	build();
	assert_int_equal(parse(), 0);
	assert_false(image.is_dyn);
	assert_int_equal(image.entry, 0x10554);
	assert_int_equal(image.start, 0x10000);
	assert_int_equal(image.end, 0x23000);
	assert_int_equal(image.align, PAGE_SIZE);
	assert_int_equal(image.phdr_vaddr, 0x10040);
	assert_int_equal(image.nr_phdrs, 4);
	assert_int_equal(image.phdr_len_bytes, 56);
	assert_int_equal(image.interp_len_bytes, 0);
	assert_int_equal(image.stack, ELF_STACK_NOEXEC);
	assert_int_equal(image.nr_segments, 2);
	assert_int_equal(image.segments[0].vaddr, 0x10000);
	assert_int_equal(image.segments[0].prot, PROT_READ | PROT_EXEC);
	assert_int_equal(image.segments[1].vaddr, 0x17dc0);
	assert_int_equal(image.segments[1].offset, 0x7dc0);
	assert_int_equal(image.segments[1].filesz_bytes, 0x5600);
	assert_int_equal(image.segments[1].memsz_bytes, 0xaab8);
	assert_int_equal(image.segments[1].prot, PROT_READ | PROT_WRITE);
}

static void
test_dynamic(void **state)
{
	(void)state;
	build();
	file.h.e_type = ET_DYN;
	file.p[0].p_align = 0x10000;
	file.p[1].p_align = 0x30000; /* no power of two */
	add(PT_INTERP, 0x270, 33, PF_R);
	add(PT_INTERP, 0x300, 44, PF_R);
	assert_int_equal(parse(), 0);
	assert_true(image.is_dyn);
	assert_int_equal(image.align, 0x10000);
	assert_int_equal(image.interp_offset, 0x270);
	assert_int_equal(image.interp_len_bytes, 33);
}

static void
test_stack(void **state)
{
	(void)state;
	build();
	file.p[3].p_flags |= PF_X;
	assert_int_equal(parse(), 0);
	assert_int_equal(image.stack, ELF_STACK_EXEC);
	file.p[3].p_type = PT_NULL;
	assert_int_equal(parse(), 0);
	assert_int_equal(image.stack, ELF_STACK_DEFAULT);
}

/* Odd, and allowed. */
static void
test_accepted(void **state)
{
	(void)state;
	/* Nothing of the file in it: its offset does not matter. */
	build();
	file.p[1].p_filesz = 0;
	file.p[1].p_offset = 1;
	assert_int_equal(parse(), 0);
	/* Nothing at all: it is not there. */
	file.p[1].p_memsz = 0;
	file.p[1].p_vaddr = 0x10000;
	assert_int_equal(parse(), 0);
	assert_int_equal(image.nr_segments, 1);
	/* To the last byte of the file. */
	build();
	file.p[1].p_filesz = FILE_LEN - file.p[1].p_offset;
	file.p[1].p_memsz = file.p[1].p_filesz;
	assert_int_equal(parse(), 0);
	/* Headers that no segment maps. */
	file.p[0].p_offset = 0x1000;
	assert_int_equal(parse(), 0);
	assert_int_equal(image.phdr_vaddr, 0);
	/* To the last page but one of all addresses. */
	build();
	file.p[1].p_memsz = -PAGE_SIZE - file.p[1].p_vaddr;
	assert_int_equal(parse(), 0);
	assert_int_equal(image.end, -PAGE_SIZE);
}

static void
test_most_headers(void **state)
{
	u32 i;

	(void)state;
	build();
	file.h.e_phnum = 0;
	for (i = 0; i < ELF_MAX_SEGMENTS; i++)
		add(PT_LOAD, i * PAGE_SIZE, 1, PF_R)->p_offset = 0;
	assert_int_equal(parse(), 0);
	assert_int_equal(image.nr_segments, ELF_MAX_SEGMENTS);
	assert_int_equal(image.end, ELF_MAX_SEGMENTS * PAGE_SIZE);
	file.h.e_phnum++;
	assert_int_equal(parse(), -ENOEXEC);
}

/* Each makes one field wrong. */
#define SPOIL(name, field, val)                                                \
	static void spoil_##name(void)                                         \
	{                                                                      \
		file.field = val;                                              \
	}

SPOIL(magic, h.e_ident[0], 0)
SPOIL(magic_end, h.e_ident[3], 'f')
SPOIL(class, h.e_ident[EI_CLASS], ELFCLASS32)
SPOIL(data, h.e_ident[EI_DATA], ELFDATA2MSB)
SPOIL(machine, h.e_machine, EM_X86_64)
SPOIL(type, h.e_type, ET_REL)
SPOIL(core, h.e_type, ET_CORE)
SPOIL(phentsize, h.e_phentsize, 55)
SPOIL(no_phdrs, h.e_phnum, 0)
SPOIL(phnum, h.e_phnum, 0xffff)
SPOIL(phoff_beyond, h.e_phoff, sizeof(file))
SPOIL(phoff_wraps, h.e_phoff, -8ul)
SPOIL(filesz_over_memsz, p[0].p_filesz, file.p[0].p_memsz + 1)
SPOIL(offset_beyond, p[0].p_offset, FILE_LEN)
SPOIL(offset_huge, p[0].p_offset, -PAGE_SIZE)
SPOIL(incongruent, p[0].p_offset, 8)
SPOIL(vaddr_odd, p[1].p_vaddr, 0x17dc1)
SPOIL(memsz_wraps, p[1].p_memsz, -0x17dc0ul)
SPOIL(memsz_last_page, p[1].p_memsz, -0x17dc0ul - 1)
SPOIL(memsz_huge, p[1].p_memsz, UINT64_MAX)
SPOIL(overlap, p[1].p_vaddr, 0x12dc0)
SPOIL(same_page, p[1].p_vaddr, 0x16dc0)
SPOIL(descending, p[1].p_vaddr, 0x1dc0)
SPOIL(no_text, p[0].p_type, PT_NULL)

static void
spoil_no_load(void)
{
	spoil_no_text();
	file.p[1].p_type = PT_NOTE;
}

static void
spoil_file_range(void)
{
	file.p[1].p_offset = FILE_LEN - PAGE_SIZE + 0xdc0;
}

static void
spoil_interp_short(void)
{
	add(PT_INTERP, 0x270, 1, PF_R);
}

static void
spoil_interp_long(void)
{
	add(PT_INTERP, 0x270, 4097, PF_R);
}

static void
spoil_interp_beyond(void)
{
	add(PT_INTERP, 0x270, 33, PF_R)->p_offset = FILE_LEN - 32;
}

static void (*const spoilers[])(void) = {
    spoil_magic,
    spoil_magic_end,
    spoil_class,
    spoil_data,
    spoil_machine,
    spoil_type,
    spoil_core,
    spoil_phentsize,
    spoil_no_phdrs,
    spoil_phnum,
    spoil_phoff_beyond,
    spoil_phoff_wraps,
    spoil_filesz_over_memsz,
    spoil_offset_beyond,
    spoil_offset_huge,
    spoil_incongruent,
    spoil_vaddr_odd,
    spoil_memsz_wraps,
    spoil_memsz_last_page,
    spoil_memsz_huge,
    spoil_overlap,
    spoil_same_page,
    spoil_descending,
    spoil_no_load,
    spoil_file_range,
    spoil_interp_short,
    spoil_interp_long,
    spoil_interp_beyond,
};

static void
test_refused(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(spoilers); i++) {
		build();
		spoilers[i]();
		if (parse() != -ENOEXEC)
			fail_msg("the spoiled file %zu was accepted", i);
	}
	/* Accepted when it stands alone. */
	build();
	spoil_no_text();
	assert_int_equal(parse(), 0);
}

/* However little of the file is there. */
static void
test_short(void **state)
{
	size_t need = offsetof(typeof(file), p[4]), len;

	(void)state;
	build();
	for (len = 0; len < sizeof(file); len++) {
		assert_int_equal(elf_parse(&file, len, FILE_LEN, &image),
		    len < need ? -ENOEXEC : 0);
		assert_int_equal(
		    elf_parse(&file, sizeof(file), len, &image), -ENOEXEC);
	}
}

/* The head goes on behind the end of the file. */
static void
test_padded_head(void **state)
{
	size_t need = offsetof(typeof(file), p[4]);

	(void)state;
	build();
	file.p[0].p_filesz = 0;
	file.p[0].p_offset = 0;
	file.p[1] = file.p[2];
	assert_int_equal(elf_parse(&file, sizeof(file), need, &image), 0);
	assert_int_equal(
	    elf_parse(&file, sizeof(file), need - 1, &image), -ENOEXEC);
}

static void
test_damaged(void **state)
{
	(void)state;
	replay_corpus("elf");
	build();
	replay_damaged(&file, offsetof(typeof(file), p[4]), 100000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_static),
	    cmocka_unit_test(test_dynamic),
	    cmocka_unit_test(test_stack),
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_most_headers),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_short),
	    cmocka_unit_test(test_padded_head),
	    cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests_name("lib/elf", tests, NULL, NULL);
}
