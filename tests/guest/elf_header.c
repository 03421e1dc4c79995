/* ELF headers that lie, and files that end too early. */
#include "elf_image.h"

#include <stddef.h>

static struct image im;

/* What a mutation must lead to. */
enum want {
	NOEXEC, /* ENOEXEC: not a program at all */
	FAILS,  /* refused or killed */
	ENDS    /* whatever, but soon */
};

static const struct {
	const char *what;
	size_t at;
	size_t len_bytes;
	unsigned long value;
	enum want want;
} lies[] = {
#define LIE(field, value, want)                                                \
	{                                                                      \
#field " = " #value, offsetof(Elf64_Ehdr, field),              \
		    sizeof(((Elf64_Ehdr *)0)->field), value, want              \
	}
#define IDENT(index, value, want)                                              \
	{                                                                      \
#index " = " #value, index, 1, value, want                     \
	}
    IDENT(EI_MAG0, 0x7e, NOEXEC),
    IDENT(EI_MAG3, 'G', NOEXEC),
    IDENT(EI_CLASS, ELFCLASS32, NOEXEC),
    IDENT(EI_CLASS, ELFCLASSNONE, NOEXEC),
    IDENT(EI_DATA, ELFDATA2MSB, ENDS),
    LIE(e_type, ET_NONE, NOEXEC),
    LIE(e_type, ET_REL, NOEXEC),
    LIE(e_type, ET_CORE, NOEXEC),
    LIE(e_type, 0xffff, NOEXEC),
    LIE(e_machine, EM_X86_64, NOEXEC),
    LIE(e_machine, EM_NONE, NOEXEC),
    LIE(e_phentsize, 0, NOEXEC),
    LIE(e_phentsize, 55, NOEXEC),
    LIE(e_phentsize, 57, NOEXEC),
    LIE(e_phentsize, 0xffff, NOEXEC),
    LIE(e_phnum, 0, NOEXEC),
    LIE(e_phnum, 0xffff, NOEXEC),
    LIE(e_phnum, 2000, NOEXEC), /* more than 64 KiB of them */
    LIE(e_phnum, 1000, NOEXEC), /* more than the file has */
    LIE(e_phoff, 0, FAILS),
    LIE(e_phoff, 500, FAILS),
    LIE(e_phoff, IMAGE_LEN_BYTES, NOEXEC),
    LIE(e_phoff, 1UL << 40, NOEXEC),
    LIE(e_phoff, LONG_MAX, NOEXEC),
    LIE(e_phoff, LONG_MAX - 55, NOEXEC),
    LIE(e_phoff, 1UL << 63, NOEXEC),
    LIE(e_phoff, -1UL, NOEXEC),
    LIE(e_phoff, -56UL, NOEXEC),
    LIE(e_entry, 0, FAILS),
    LIE(e_entry, IMAGE_BASE - 4, FAILS),
    LIE(e_entry, IMAGE_BASE + 4096, FAILS),
    LIE(e_entry, IMAGE_BASE, FAILS), /* the header as code */
    LIE(e_entry, IMAGE_BASE + IMAGE_CODE + 1, ENDS),
    LIE(e_entry, 0x3ffffffffc, FAILS),
    LIE(e_entry, 1UL << 63, FAILS),
    LIE(e_entry, 0xffffffc000000000, FAILS),
    LIE(e_entry, 0xffffffff80000000, FAILS),
    LIE(e_entry, -2UL, FAILS),
};

static void
check(enum want want, const char *what)
{
	int result = image_run(&im);

	if (want == NOEXEC)
		is(result, IMAGE_REFUSED + ENOEXEC, "%s", what);
	else if (want == FAILS)
		ok(image_failed(result), "%s: %d", what, result);
	else
		ok(result != IMAGE_HUNG, "%s: %d", what, result);
}

static void
fields(void)
{
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		image_make(&im);
		memcpy(
		    im.bytes + lies[i].at, &lies[i].value, lies[i].len_bytes);
		check(lies[i].want, lies[i].what);
	}
}

static void
cut(size_t len, enum want want)
{
	char what[64];

	image_make(&im);
	im.len_bytes = len;
	snprintf(what, sizeof(what), "a file of %zu bytes", len);
	check(want, what);
}

static void
truncations(void)
{
	static const size_t in_headers[] = {0, 1, 2, 3, 4, 5, 16, 18, 24, 32,
	    40, 54, 56, 58, 63, 64, 65, 100, 119};

	for (size_t i = 0; i < sizeof(in_headers) / sizeof(*in_headers); i++)
		cut(in_headers[i], NOEXEC);
	/* The headers are whole, the code is not: it runs into zeros. */
	cut(120, FAILS);
	cut(IMAGE_CODE - 1, FAILS);
	cut(IMAGE_CODE, FAILS);
	cut(IMAGE_CODE + 4, FAILS);
	cut(IMAGE_CODE + 8, FAILS);
	cut(IMAGE_CODE + 11, ENDS);
}

static void
other_files(void)
{
	file_make("image", "just text\n");
	is(path_run("image"), IMAGE_REFUSED + ENOEXEC, "a text");
	file_make("plain", "x");
	is(path_run("plain"), IMAGE_REFUSED + EACCES, "no x at all");
	is(path_run("."), IMAGE_REFUSED + EACCES, "a folder");
	is(path_run("/dev/null"), IMAGE_REFUSED + EACCES, "a device");
	is(path_run("none"), IMAGE_REFUSED + ENOENT, "nothing");
	is(path_run(""), IMAGE_REFUSED + ENOENT, "no name");
	is(path_run("plain/x"), IMAGE_REFUSED + ENOTDIR, "below a file");
	must(mkfifo("fifo", 0777));
	is(path_run("fifo"), IMAGE_REFUSED + EACCES, "a FIFO");
	must(symlink("loop", "loop"));
	is(path_run("loop"), IMAGE_REFUSED + ELOOP, "a loop");
}

TEST(elf_header)
{
	fields();
	truncations();
	other_files();
	image_make(&im);
	is(image_run(&im), IMAGE_STATUS, "after all that, a good one runs");
}
