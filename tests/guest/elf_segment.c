/* Segments that lie about where they are, how large, and what they hold. */
#include "elf_image.h"

#define KERNEL 0xffffffc000000000UL

static struct image im;

/* Both sizes of a segment whose size does not matter. */
#define PART .filesz = 512, .memsz = 512

/* A second segment, beside the good one; 0 is the usual for the last two. */
static const struct {
	const char *what;
	unsigned long vaddr, offset, filesz, memsz;
	bool may_run; /* kernels differ, or root may do it */
	unsigned long align;
	unsigned int flags;
} seconds[] = {
    {"at 0", 0, PART, .may_run = true},
    {"at the first page", 4096, PART, .may_run = true},
    {"in the kernel's half", KERNEL, PART},
    {"at the kernel", 0xffffffff80200000, PART},
    {"at the last page", -4096UL, PART},
    {"not canonical", 1UL << 63, PART},
    {"only bss, in the kernel's half", KERNEL, .memsz = 9000},
    {"only bss, at the last page", -4096UL, .memsz = 4096},
    {"over the stack", 0x3ffffe0000, PART, .may_run = true},
    {"over the top of the stack", 0x3fffff0000 - 4096, PART, .may_run = true},
    {"bss over the stack", 0x3fff000000, .memsz = 0x1000000, .may_run = true},
    {"over the last user page", 0x3ffffff000, PART, .may_run = true},
    {"more in the file than in memory", 0x20000, .filesz = 513, .memsz = 512},
    {"far more in the file than in memory", 0x20000, .filesz = -1UL,
	.memsz = 1},
    {"an end that wraps", 0x20000, .memsz = -0x10000UL},
    {"an end that wraps to nothing", 0x20000, .memsz = -1UL},
    {"of half of all", 0x20000, .memsz = 1UL << 62},
    {"of 2^63 bytes in the file", 0x20000, .filesz = 1UL << 63,
	.memsz = 1UL << 63},
    {"of 2^37 bytes", 0x20000, .memsz = 1UL << 37, .may_run = true},
    {"bss from here into the kernel", 0x20000, .memsz = KERNEL},
    {"out of step with its page", 0x20010, .offset = 8, PART},
    {"an offset out of step", 0x20000, .offset = 1, PART},
    {"an offset below 0", 0x20000, .offset = -4096UL, PART},
    {"an offset of 2^63", 0x20000, .offset = 1UL << 63, PART},
    {"an offset beyond the end of the file", 0x20000, .offset = 1 << 20, PART,
	.may_run = true},
    {"an alignment of 3", 0x20000, .align = 3, PART, .may_run = true},
    {"an alignment of 2^63", 0x20000, .align = 1UL << 63, PART,
	.may_run = true},
    {"over the first, from the same file", IMAGE_BASE, PART, .may_run = true},
    {"bss over the first", IMAGE_BASE, .memsz = 4096, .may_run = true},
    {"below the first", 0x8000, .memsz = 4096, .may_run = true},
    {"all rights and unknown ones", 0x20000, .flags = ~0U, PART,
	.may_run = true},
};

static void
add_second(size_t i)
{
	image_add(&im,
	    (Elf64_Phdr){.p_type = PT_LOAD,
		.p_flags = seconds[i].flags ? seconds[i].flags : PF_R | PF_W,
		.p_offset = seconds[i].offset,
		.p_vaddr = seconds[i].vaddr,
		.p_filesz = seconds[i].filesz,
		.p_memsz = seconds[i].memsz,
		.p_align = seconds[i].align ? seconds[i].align : 4096});
}

/* Not to be run by root, who may have a page at 0. */
static void
all_seconds(void)
{
	for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		int result;

		image_make(&im);
		add_second(i);
		result = image_run(&im);
		if (seconds[i].may_run)
			ok(result == IMAGE_STATUS || image_failed(result),
			    "%s: %d", seconds[i].what, result);
		else
			ok(image_failed(result), "%s: %d", seconds[i].what,
			    result);
	}
}

/* ------------------------------------------------ the first one */

static void
fails(const char *what)
{
	int result = image_run(&im);

	ok(image_failed(result), "%s: %d", what, result);
}

static void
the_first(void)
{
	image_make(&im);
	im.ph[0].p_flags = PF_R;
	fails("code without the right to run");
	image_make(&im);
	im.ph[0].p_flags = PF_W;
	fails("code that can only be written");
	image_make(&im);
	im.ph[0].p_flags = 0;
	fails("code without any right");
	image_make(&im);
	im.ph[0].p_type = PT_NULL;
	fails("no segment");
	image_make(&im);
	im.ph[0].p_filesz = 0;
	fails("nothing of the file: zeros as code");
	image_make(&im);
	im.ph[0].p_memsz = im.ph[0].p_filesz = 0;
	fails("nothing at all");
	image_make(&im);
	im.ph[0].p_offset = 4096;
	fails("a part of the file behind its end");
	image_make(&im);
	im.ph[0].p_vaddr = KERNEL;
	im.eh.e_entry = KERNEL + IMAGE_CODE;
	fails("all of it in the kernel's half");
	image_make(&im);
	im.ph[0].p_vaddr = 0;
	im.eh.e_entry = IMAGE_CODE;
	fails("all of it at 0");
	image_make(&im);
	im.eh.e_type = ET_DYN;
	im.ph[0].p_vaddr = 1UL << 62;
	im.eh.e_entry = (1UL << 62) + IMAGE_CODE;
	ok(image_run(&im) != IMAGE_HUNG,
	    "a program for anywhere that starts at 2^62");
}

/* A good second segment, to be changed. */
static Elf64_Phdr *
good_second(unsigned long vaddr, unsigned long offset)
{
	Elf64_Phdr *ph = image_add(&im, im.ph[0]);

	ph->p_flags = PF_R | PF_W;
	ph->p_vaddr = vaddr;
	ph->p_offset = offset;
	ph->p_filesz = ph->p_memsz = 64;
	return ph;
}

static void
odd_ones(void)
{
	image_make(&im);
	good_second(0x20000, 0)->p_align = 0;
	is(image_run(&im), IMAGE_STATUS, "no alignment is no wish");
	image_make(&im);
	good_second(0x20000, 0)->p_flags = 0;
	is(image_run(&im), IMAGE_STATUS, "a segment without any right");
	image_make(&im);
	for (int i = 1; i < IMAGE_PHDRS; i++)
		im.ph[i] = im.ph[0];
	im.eh.e_phnum = IMAGE_PHDRS;
	ok(image_run(&im) != IMAGE_HUNG, "the same segment eight times");
	image_make(&im);
	for (int i = 1; i < IMAGE_PHDRS; i++)
		good_second(IMAGE_BASE + i * 0x1000000UL, 0);
	is(image_run(&im), IMAGE_STATUS, "eight that are far apart");
	image_make(&im);
	for (int i = 1; i < IMAGE_PHDRS; i++)
		good_second(IMAGE_BASE + 64 * i, 64 * i);
	ok(image_run(&im) != IMAGE_HUNG, "eight in one page");
}

static void
user(void)
{
	all_seconds();
	the_first();
	odd_ones();
}

TEST(elf_segment)
{
	must(chmod(".", 0777));
	umask(0);
	as_user(user);
	image_make(&im);
	is(image_run(&im), IMAGE_STATUS, "after all that, a good one runs");
}
