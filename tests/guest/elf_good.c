/* ELF files that are unusual, but good: all of them must run. */
#include "elf_image.h"

static struct image im;

/* Some RISC-V instructions; registers are those of the tests' code: a0, t0. */
enum {
	A0 = 10,
	A7 = 17,
	T0 = 5
};

static unsigned int
lui(int reg, unsigned long value)
{
	return (value & 0xfffff000) | reg << 7 | 0x37;
}

static unsigned int
lbu(int reg, int base, int offset)
{
	return (unsigned int)offset << 20 | base << 15 | 4 << 12 | reg << 7 |
	    0x03;
}

static unsigned int
sb(int reg, int base, int offset)
{
	return (unsigned int)(offset >> 5) << 25 | reg << 20 | base << 15 |
	    (offset & 31) << 7 | 0x23;
}

static unsigned int
add(int reg, int other)
{
	return other << 20 | reg << 15 | reg << 7 | 0x33;
}

/* Puts code in place of the usual one, with an exit behind it. */
static void
code(const unsigned int *words, size_t count)
{
	memcpy(im.code, words, count * sizeof(*words));
	im.code[count] = li(A7, SYS_exit_group);
	im.code[count + 1] = 0x00000073;
	im.len_bytes = IMAGE_CODE + (count + 2) * sizeof(*words);
	im.ph[0].p_filesz = im.ph[0].p_memsz = im.len_bytes;
}

#define CODE(...)                                                              \
	code((const unsigned int[]){__VA_ARGS__},                              \
	    sizeof((const unsigned int[]){__VA_ARGS__}) / 4)

static void
runs(const char *what, int status)
{
	is(image_run(&im), status, "%s", what);
}

static void
headers(void)
{
	image_make(&im);
	runs("the smallest", IMAGE_STATUS);
	image_make(&im);
	im.eh.e_shoff = 0xffffffff;
	im.eh.e_shnum = 1000;
	im.eh.e_shstrndx = 77;
	im.eh.e_shentsize = 3;
	runs("section headers that lie", IMAGE_STATUS);
	image_make(&im);
	im.eh.e_ehsize = 0;
	im.eh.e_version = 99;
	im.eh.e_ident[EI_OSABI] = 200;
	runs("fields that nobody reads", IMAGE_STATUS);
	image_make(&im);
	memcpy(im.bytes + 8192, im.ph, sizeof(im.ph[0]));
	im.eh.e_phoff = 8192;
	im.ph[0].p_type = PT_NULL;
	im.len_bytes = 8192 + sizeof(im.ph[0]);
	runs("program headers at the end of the file", IMAGE_STATUS);
	image_make(&im);
	im.eh.e_type = ET_DYN;
	im.ph[0].p_vaddr = 0;
	im.eh.e_entry = IMAGE_CODE;
	runs("a program that may lie anywhere", IMAGE_STATUS);
}

static void
other_headers(void)
{
	image_make(&im);
	image_add(&im, (Elf64_Phdr){.p_type = PT_NULL, .p_vaddr = ~0UL});
	image_add(&im, (Elf64_Phdr){.p_type = PT_NOTE, .p_filesz = ~0UL});
	image_add(
	    &im, (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W});
	image_add(&im, (Elf64_Phdr){.p_type = 0x70000003, .p_memsz = ~0UL});
	image_add(&im, (Elf64_Phdr){.p_type = PT_TLS, .p_vaddr = IMAGE_BASE});
	runs("headers that are passed over", IMAGE_STATUS);
	image_make(&im);
	im.ph[1] = im.ph[0];
	im.ph[0] = (Elf64_Phdr){.p_type = PT_NULL};
	im.eh.e_phnum = 2;
	runs("one before the segment", IMAGE_STATUS);
}

/* Bytes of the file behind p_filesz must not show in the bss. */
static void
bss(void)
{
	Elf64_Phdr data = {.p_type = PT_LOAD,
	    .p_flags = PF_R | PF_W,
	    .p_offset = 4096,
	    .p_vaddr = 0x20000,
	    .p_filesz = 10,
	    .p_memsz = 10000,
	    .p_align = 4096};

	image_make(&im);
	CODE(lui(T0, 0x20000), lbu(A0, T0, 9));
	image_add(&im, data);
	memset(im.bytes + 4096, 7, 4096);
	im.len_bytes = 8192;
	runs("the last byte of a segment's file part", 7);
	CODE(lui(T0, 0x20000), lbu(A0, T0, 10));
	im.len_bytes = 8192;
	runs("the first byte behind it is zero", 0);
	CODE(lui(T0, 0x20000), lbu(A0, T0, 2047));
	im.len_bytes = 8192;
	runs("so is one further on", 0);
	CODE(lui(T0, 0x22000), lbu(A0, T0, 0x70f));
	im.len_bytes = 8192;
	runs("and the last byte of the bss", 0);
	CODE(lui(T0, 0x22000), li(A0, 5), sb(A0, T0, 0x70f), lbu(T0, T0, 0x70f),
	    add(A0, T0));
	im.len_bytes = 8192;
	runs("which can be written", 10);
}

static void
segments(void)
{
	Elf64_Phdr only_bss = {.p_type = PT_LOAD,
	    .p_flags = PF_R | PF_W,
	    .p_vaddr = 0x30000,
	    .p_memsz = 5000,
	    .p_align = 4096};

	image_make(&im);
	CODE(lui(T0, 0x31000), lbu(A0, T0, 0x100));
	image_add(&im, only_bss);
	runs("a segment without anything in the file", 0);
	image_make(&im);
	image_add(&im,
	    (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 0x40000, .p_align = 1});
	runs("an empty segment", IMAGE_STATUS);
	image_make(&im);
	im.ph[0].p_offset = 4096 + 100;
	im.ph[0].p_vaddr = IMAGE_BASE + 100;
	im.eh.e_entry = IMAGE_BASE + 100;
	im.ph[0].p_filesz = im.ph[0].p_memsz = 16;
	memcpy(im.bytes + 4096 + 100, im.code, 16);
	im.len_bytes = 4096 + 116;
	runs("a segment within a page", IMAGE_STATUS);
	image_make(&im);
	CODE(lui(T0, 0x50000), lbu(A0, T0, 1));
	image_add(&im,
	    (Elf64_Phdr){.p_type = PT_LOAD,
		.p_flags = PF_R,
		.p_offset = 0,
		.p_vaddr = 0x50000,
		.p_filesz = 64,
		.p_memsz = 64,
		.p_align = 4096});
	runs("the same page of the file twice", 'E');
}

/* The stack at the start: argc is where sp points. */
static void
stack(void)
{
	image_make(&im);
	CODE(lbu(A0, 2, 0));
	runs("argc at the top of the stack", 1);
	image_make(&im);
	CODE(li(A0, 15), 0x00257533 /* and a0, a0, sp */);
	runs("which is aligned to 16", 0);
}

TEST(elf_good)
{
	headers();
	other_headers();
	bss();
	segments();
	stack();
}
