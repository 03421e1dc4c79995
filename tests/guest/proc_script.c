/* Files that begin with #! and the programs they name. */
#include "tap.h"

#include <sys/stat.h>

static int words_fd;

/* Writes the arguments that it got, one a line, to descriptor 9. */
HELPER(script_words)
{
	for (int i = 0; i < argc; i++)
		dprintf(9, "%s\n", argv[i]);
	return 0;
}

static void
make_script(const char *path, const char *text)
{
	int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755));

	ensure(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

/* What the program named by a script got as arguments. */
static const char *
words_of(const char *path, char **argv)
{
	static char buf[4096];
	char *envp[] = {"TAP_HELPER=script_words", NULL};
	int fd = must(open("words", O_RDWR | O_CREAT | O_TRUNC, 0600));
	pid_t pid = must(fork());
	ssize_t n;

	if (pid == 0) {
		dup2(fd, words_fd);
		execve(path, argv, envp);
		_exit(errno);
	}
	wait_status(pid);
	n = pread(fd, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = '\0';
	close(fd);
	return buf;
}

static void
check_words(const char *text, const char *want, const char *what)
{
	char *argv[] = {"zero", "one", "two", NULL};
	char expected[1024];

	make_script("s", text);
	snprintf(expected, sizeof(expected), "%s\n%s./s\none\ntwo\n", tap_self,
	    want);
	str_is(words_of("./s", argv), expected, "%s", what);
}

static void
test_words(void)
{
	char text[1024];

	snprintf(text, sizeof(text), "#!%s\nrest\n", tap_self);
	check_words(text, "", "an interpreter alone");
	snprintf(text, sizeof(text), "#! \t%s  \t \n", tap_self);
	check_words(text, "", "blanks around it");
	snprintf(text, sizeof(text), "#!%s arg\n", tap_self);
	check_words(text, "arg\n", "with an argument");
	snprintf(text, sizeof(text), "#!%s  a  b c \t\n", tap_self);
	check_words(text, "a  b c\n", "which is one, blanks and all");
	snprintf(text, sizeof(text), "#!%s arg", tap_self);
	check_words(text, "arg\n", "without an end of line");
}

static void
test_nesting(void)
{
	char *argv[] = {"zero", "one", NULL};
	char text[1024], expected[1024];

	snprintf(text, sizeof(text), "#!%s first\n", tap_self);
	make_script("s1", text);
	make_script("s2", "#!./s1 second\n");
	snprintf(expected, sizeof(expected),
	    "%s\nfirst\n./s1\nsecond\n./s2\none\n", tap_self);
	str_is(words_of("./s2", argv), expected,
	    "a script's interpreter is a script");
	for (int i = 2; i < 7; i++) {
		char name[8];

		snprintf(text, sizeof(text), "#!./s%d\n", i);
		snprintf(name, sizeof(name), "s%d", i + 1);
		make_script(name, text);
	}
	ok(strlen(words_of("./s5", argv)) > 0, "five deep");
	is_errno(execve("./s7", argv, environ), ELOOP, "not seven deep");
	make_script("self", "#!./self\n");
	is_errno(execve("./self", argv, environ), ELOOP, "nor its own");
}

static void
test_refusals(void)
{
	char *argv[] = {"zero", NULL};
	char text[1024];

	make_script("s", "#!/none\n");
	is_errno(execve("s", argv, environ), ENOENT, "no such interpreter");
	make_script("s", "#!\n");
	is_errno(execve("s", argv, environ), ENOEXEC, "none named");
	make_script("s", "#!   \t \n");
	is_errno(execve("s", argv, environ), ENOEXEC, "only blanks");
	make_script("s", "# !/bin/sh\n");
	is_errno(execve("s", argv, environ), ENOEXEC, "a comment");
	make_script("s", "#!/\n");
	is_errno(execve("s", argv, environ), EACCES, "a folder");
	make_script("plain", "x");
	must(chmod("plain", 0644));
	make_script("s", "#!plain\n");
	is_errno(execve("s", argv, environ), EACCES, "one without x bits");
	memset(text, 'a', 600);
	memcpy(text, "#!/", 3);
	strcpy(text + 600, "\n");
	make_script("s", text);
	is_errno(execve("s", argv, environ), ENOEXEC, "a name cut off");
}

TEST(proc_script)
{
	words_fd = 9;
	test_words();
	test_nesting();
	test_refusals();
}
