/*
 * A campaign of spoilt ELF files: each has a few fields of its headers
 * replaced, by a stream of numbers that a seed fixes.  Whatever a file says,
 * running it must end soon, and the machine must live.
 *
 *	/tests/guest @elf_mutate_many FILES SEED
 *
 * runs a longer campaign.
 */
#include "elf_image.h"

static int files = 200;
static unsigned long state = 2026;

/* The next number of the stream (splitmix64). */
static unsigned long
next(void)
{
	unsigned long z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

#define PICK(array) ((array)[next() % (sizeof(array) / sizeof(*(array)))])

static const unsigned long values[] = {0, 1, 2, 3, 6, 7, 8, 16, 63, 64, 512,
    528, 4095, 4096, 4097, 0x10000, 0x10fff, 0x11000, 0x20000, 0x7fffffff,
    0x80000000, 0xffffffff, 0x3ffffff000, 0x4000000000, 1UL << 47,
    0x7fffffffffffffff, 1UL << 63, 0xffffffc000000000, 0xffffffff80000000,
    -4096UL, -528UL, -1UL};

/* Program headers that are worth having more than one of. */
static void
add_headers(struct image *im)
{
	static const unsigned int types[] = {PT_LOAD, PT_LOAD, PT_NULL, PT_NOTE,
	    PT_TLS, PT_PHDR, PT_INTERP, PT_GNU_STACK};

	for (int n = next() % IMAGE_PHDRS; n > 0; n--) {
		Elf64_Phdr ph = im->ph[0];

		ph.p_type = PICK(types);
		ph.p_vaddr += next() % 8 * 4096;
		ph.p_memsz += next() % 3 * 2048;
		if (im->eh.e_phnum < IMAGE_PHDRS)
			image_add(im, ph);
	}
}

static void
spoil(struct image *im)
{
	size_t headers = sizeof(im->eh) + im->eh.e_phnum * sizeof(im->ph[0]);

	for (int n = 1 + next() % 3; n > 0; n--) {
		unsigned long value = next() % 4 ? PICK(values) : next();
		size_t len = 1UL << next() % 4;
		size_t at = SELFMAG + next() % (headers - SELFMAG);

		at -= at % len; /* so that it hits a field, mostly */
		if (at >= SELFMAG)
			memcpy(im->bytes + at, &value, len);
	}
	if (next() % 8 == 0)
		im->len_bytes = next() % (im->len_bytes + 1);
}

static void
user(void)
{
	static struct image im;
	int ran = 0, refused = 0, killed = 0, hung = 0;

	for (int i = 0; i < files; i++) {
		int result;

		image_make(&im);
		add_headers(&im);
		spoil(&im);
		result = image_run(&im);
		ran += result < IMAGE_REFUSED;
		refused += result > IMAGE_REFUSED && result < IMAGE_KILLED;
		killed += result > IMAGE_KILLED;
		if (result == IMAGE_HUNG) {
			note("file %d hung", i);
			hung++;
		}
	}
	is(hung, 0, "%d spoilt files: none hung", files);
	ok(refused > 0 && killed > 0 && ran > 0,
	    "%d ran, %d were refused, %d killed", ran, refused, killed);
}

static void
campaign(void)
{
	must(chmod(".", 0777));
	umask(0);
	as_user(user);
}

HELPER(elf_mutate_many)
{
	if (argc < 4)
		return 2;
	files = atoi(argv[2]);
	state = strtoul(argv[3], NULL, 0);
	must(mkdir("/tmp/elf_mutate.dir", 0777));
	must(chdir("/tmp/elf_mutate.dir"));
	campaign();
	return 0;
}

TEST(elf_mutate)
{
	static struct image im;

	campaign();
	image_make(&im);
	is(image_run(&im), IMAGE_STATUS, "after all that, a good one runs");
}
