/*
 * PT_INTERP that lies.  What it names must be there, be a program, and be
 * named by a string; the answer is an error or a death, and never a hang.
 */
#include "elf_image.h"

#define NAME_AT 600 /* in the file, behind the code */

static struct image im;

static void
interp(const char *name, size_t len)
{
	image_make(&im);
	image_add(&im,
	    (Elf64_Phdr){.p_type = PT_INTERP,
		.p_offset = NAME_AT,
		.p_filesz = len,
		.p_memsz = len,
		.p_align = 1});
	memcpy(im.bytes + NAME_AT, name, strlen(name) + 1);
	im.len_bytes = NAME_AT + strlen(name) + 1;
}

static void
is_refused(int err, const char *what)
{
	is(image_run(&im), IMAGE_REFUSED + err, "%s", what);
}

static void
fails(const char *what)
{
	int result = image_run(&im);

	ok(image_failed(result), "%s: %d", what, result);
}

static void
names(void)
{
	interp("./none", 7);
	is_refused(ENOENT, "nothing");
	interp("./dir", 6);
	is_refused(EACCES, "a folder");
	interp("./plain", 8);
	is_refused(EACCES, "a file without an x");
	interp("./text", 7);
	fails("a file that is no program");
	interp("./short", 8);
	fails("a program cut short");
	interp("./foreign", 10);
	fails("a program of another machine");
	interp("./empty", 8);
	fails("an empty file");
	interp("./loop", 7);
	is_refused(ELOOP, "a loop");
	interp("/dev/null", 10);
	is_refused(EACCES, "a device");
	interp("./image", 8);
	ok(image_run(&im) != IMAGE_HUNG, "the program itself");
}

static void
strings(void)
{
	interp("./none", 6);
	is_refused(ENOEXEC, "a name without an end");
	interp("./none", 0);
	is_refused(ENOEXEC, "of no bytes");
	interp("", 1);
	is_refused(ENOEXEC, "of one");
	interp("./none", PATH_MAX + 1);
	is_refused(ENOEXEC, "longer than paths are");
	interp("./none", 1UL << 40);
	is_refused(ENOEXEC, "of 1 TiB");
	interp("./none", -1UL);
	is_refused(ENOEXEC, "of -1 bytes");
	interp("./none", 7);
	im.ph[1].p_offset = 1 << 20;
	fails("beyond the end of the file");
	interp("./none", 7);
	im.ph[1].p_offset = -1UL;
	fails("before its start");
	interp("./none", 7);
	im.ph[1].p_offset = LONG_MAX;
	fails("at the largest offset");
	interp("", 7);
	fails("an empty name");
}

static void
several(void)
{
	interp("./none", 7);
	image_add(&im, im.ph[1]);
	image_add(&im, im.ph[1]);
	is_refused(ENOENT, "three of them");
	interp("./none", 7);
	im.ph[2] = im.ph[0];
	im.ph[0] = im.ph[1];
	im.ph[1] = im.ph[2];
	is_refused(ENOENT, "before the segment");
}

TEST(elf_interp)
{
	static struct image other;

	must(mkdir("dir", 0755));
	file_make("plain", "x");
	file_make("text",
	    "not a program, but long enough to look like one, "
	    "if one did not look at it closely enough");
	must(chmod("text", 0755));
	file_make("empty", "");
	must(chmod("empty", 0755));
	must(symlink("loop", "loop"));
	image_make(&other);
	other.len_bytes = 100;
	image_write(&other, "short");
	image_make(&other);
	other.eh.e_machine = EM_X86_64;
	image_write(&other, "foreign");
	names();
	strings();
	several();
	image_make(&im);
	is(image_run(&im), IMAGE_STATUS, "after all that, a good one runs");
}
