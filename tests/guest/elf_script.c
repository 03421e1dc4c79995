/* Scripts: what the first line may look like, and what is made of it. */
#include "elf_image.h"

#define LINE_LIMIT 255 /* bytes of a first line that are looked at */
#define DEPTH      5   /* scripts that scripts may be run by */

static int
show(int argc, char **argv)
{
	int fd = must(open("shown", O_CREAT | O_TRUNC | O_WRONLY, 0644));

	for (int i = 1; i < argc; i++)
		dprintf(fd, "%s|", argv[i]);
	return 0;
}

HELPER(elf_script_show)
{
	return show(argc, argv);
}

/* All behind the interpreter is one argument: a helper with that name. */
static const struct tap_helper two_words = {"elf_script_show  two words", show};
static const struct tap_helper *const two_words_at
    __attribute__((section("tap_helpers"), used)) = &two_words;

#define SHOW "@elf_script_show"

/* Makes a script; %s in it is our program. */
static void
script(const char *name, const char *format)
{
	char text[4096];

	snprintf(text, sizeof(text), format, tap_self);
	file_make(name, text);
	must(chmod(name, 0755));
	unlink("shown");
}

static void
shows(const char *format, const char *want, const char *what)
{
	script("script", format);
	is(path_run("./script"), 0, "%s", what);
	ok(file_holds("shown", want), "%s: with '%s'", what, want);
}

static void
refused(const char *text, int err, const char *what)
{
	script("script", text);
	is(path_run("./script"), IMAGE_REFUSED + err, "%s", what);
}

static void
forms(void)
{
	shows("#!%s " SHOW "\n", SHOW "|./script|", "an argument");
	shows("#! %s " SHOW "\nmore\n", SHOW "|./script|", "a blank before");
	shows("#!\t%s\t" SHOW "\n", SHOW "|./script|", "tabs");
	shows("#!   %s   " SHOW "   \n", SHOW "|./script|", "many blanks");
	shows("#!%s " SHOW, SHOW "|./script|", "no end of line");
	shows("#!%s " SHOW "  two words\t \n", SHOW "  two words|./script|",
	    "blanks within");
}

static void
rest_of_arguments(void)
{
	char *argv[] = {"ignored", "a", "", "b c", NULL};
	pid_t pid;

	script("script", "#!%s " SHOW "\n");
	pid = must(fork());
	if (pid == 0) {
		execv("./script", argv);
		_exit(1);
	}
	is(wait_status(pid), 0, "a script with arguments");
	ok(file_holds("shown", SHOW "|./script|a||b c|"),
	    "gets all but the first");
}

static void
bad_lines(void)
{
	script("script", "#!");
	ok(image_failed(path_run("./script")), "nothing behind #!");
	refused("#!\n", ENOEXEC, "an empty line");
	refused("#!  \t \n", ENOEXEC, "a line of blanks");
	refused("#", ENOEXEC, "half a mark");
	refused("# !/bin/sh\n", ENOEXEC, "a mark in two pieces");
	refused(" #!/bin/sh\n", ENOEXEC, "a mark too late");
	refused("#!none\n", ENOENT, "an interpreter that is not there");
	refused("#!%s\r\n", ENOENT, "the line's end of other systems");
	refused("#!./dir\n", EACCES, "a folder");
	refused("#!./plain\n", EACCES, "a file without an x");
	refused("#!./text\n", ENOEXEC, "a file that is no program");
	refused("#!./plain/x\n", ENOTDIR, "below a file");
	must(chmod("script", 0644));
	is(path_run("./script"), IMAGE_REFUSED + EACCES,
	    "a script without an x");
}

/* A name that is cut off must not be taken for a shorter one. */
static void
long_lines(void)
{
	char line[5 * LINE_LIMIT], name[2 * LINE_LIMIT];

	memset(name, '/', sizeof(name));
	name[LINE_LIMIT - 2 - strlen("image")] = '\0';
	snprintf(line, sizeof(line), "#!.%.*simage\n",
	    (int)(LINE_LIMIT - 3 - strlen("image")), name);
	is(strlen(line), LINE_LIMIT + 1, "a first line of 255 bytes");
	script("script", line);
	is(path_run("./script"), IMAGE_STATUS, "is read to its end");
	snprintf(line, sizeof(line), "#!./%simage\n", name);
	script("script", line);
	is(path_run("./script"), IMAGE_REFUSED + ENOEXEC,
	    "one of more is no script");
	snprintf(line, sizeof(line), "#!./image %s%s\n", name, name);
	script("script", line);
	is(path_run("./script"), IMAGE_STATUS, "unless only its argument is");
}

/* s1 is run by a program, each next one by the one before. */
static void
scripts_of_scripts(void)
{
	char name[8], line[32];

	script("s1", "#!./image\n");
	for (int i = 2; i <= DEPTH + 1; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		snprintf(line, sizeof(line), "#!./s%d\n", i - 1);
		script(name, line);
	}
	is(path_run("./s2"), IMAGE_STATUS, "a script of a script");
	is(path_run("./s5"), IMAGE_STATUS, "of a script, and so on: five");
	is(path_run("./s6"), IMAGE_REFUSED + ELOOP, "six are too many");
	script("self", "#!./self\n");
	is(path_run("./self"), IMAGE_REFUSED + ELOOP, "a script of itself");
}

TEST(elf_script)
{
	static struct image im;

	image_make(&im);
	image_write(&im, "image");
	must(mkdir("dir", 0755));
	file_make("plain", "x");
	file_make("text", "text");
	must(chmod("text", 0755));
	forms();
	rest_of_arguments();
	bad_lines();
	long_lines();
	scripts_of_scripts();
}
