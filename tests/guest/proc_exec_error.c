/* What exec refuses, leaving the process as it was. */
#include "tap.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char *argv[] = {"x", "@none", NULL};

static void
make_file(const char *path, const void *data, size_t len, mode_t mode)
{
	int fd = must(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700));

	ensure(write(fd, data, len) == (ssize_t)len);
	must(fchmod(fd, mode));
	close(fd);
}

static void
test_paths(void)
{
	char longer[PATH_MAX + 10];

	is_errno(execve("none", argv, environ), ENOENT, "no such file");
	is_errno(execve("", argv, environ), ENOENT, "the empty path");
	is_errno(execve("none/x", argv, environ), ENOENT, "no such folder");
	is_errno(
	    execve("file/x", argv, environ), ENOTDIR, "a file is no folder");
	is_errno(execve("/", argv, environ), EACCES, "a folder is no program");
	is_errno(execve(".", argv, environ), EACCES, "not even our own");
	is_errno(execve("file", argv, environ), EACCES, "no x bit");
	is_errno(execve("fifo", argv, environ), EACCES, "a pipe");
	is_errno(execve("/dev/null", argv, environ), EACCES, "a device");
	is_errno(execve("loop", argv, environ), ELOOP, "a link to itself");
	is_errno(execve("dangling", argv, environ), ENOENT, "one to nothing");
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	is_errno(execve(longer, argv, environ), ENAMETOOLONG, "a long path");
	longer[300] = '\0';
	is_errno(execve(longer, argv, environ), ENAMETOOLONG, "a long name");
}

static void
test_addresses(void)
{
	char *bad[] = {"x", NOWHERE, NULL};
	char *page = must(mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char **last = (char **)(page + 4096) - 1;

	must(munmap(page + 4096, 4096));
	*last = "x";
	is_errno(execve(NOWHERE, argv, environ), EFAULT, "a path nowhere");
	is_errno(execve(tap_self, NOWHERE, environ), EFAULT, "argv nowhere");
	is_errno(execve(tap_self, argv, NOWHERE), EFAULT, "envp nowhere");
	is_errno(execve(tap_self, bad, environ), EFAULT, "an argument nowhere");
	is_errno(execve(tap_self, argv, bad), EFAULT, "a variable nowhere");
	is_errno(execve(tap_self, last, environ), EFAULT, "argv without end");
	memset(page, 'a', 4096);
	bad[1] = page;
	is_errno(execve(tap_self, bad, environ), EFAULT, "a word without end");
	is_errno(
	    execve(page + 4000, argv, environ), EFAULT, "a path without end");
}

static void
test_sizes(void)
{
	enum {
		MAX_WORD = 128 * 1024,
		WORDS = 3
	};
	char *word = malloc(MAX_WORD + 1);
	char *big[] = {"x", word, NULL};
	char *many[WORDS + 1];
	struct rlimit rl;

	memset(word, 'a', MAX_WORD);
	word[MAX_WORD] = '\0';
	is_errno(execve(tap_self, big, environ), E2BIG, "a word of 128 KiB");
	is_errno(execve(tap_self, argv, big), E2BIG, "a variable of 128 KiB");
	word[MAX_WORD - 1] = '\0';
	for (int i = 0; i < WORDS; i++)
		many[i] = word;
	many[WORDS] = NULL;
	must(getrlimit(RLIMIT_STACK, &rl));
	rl.rlim_cur = 1 << 20;
	must(setrlimit(RLIMIT_STACK, &rl));
	is_errno(execve(tap_self, many, environ), E2BIG,
	    "words that are more than a quarter of the stack's limit");
	is_errno(execve(tap_self, argv, many), E2BIG, "variables that are");
	free(word);
}

static void
test_formats(void)
{
	ElfW(Ehdr) eh;
	int fd = must(open(tap_self, O_RDONLY));

	ensure(read(fd, &eh, sizeof(eh)) == sizeof(eh));
	close(fd);
	make_file("empty", "", 0, 0755);
	is_errno(execve("empty", argv, environ), ENOEXEC, "an empty file");
	make_file("text", "hello there\n", 12, 0755);
	is_errno(execve("text", argv, environ), ENOEXEC, "text");
	make_file("short", &eh, 20, 0755);
	is_errno(execve("short", argv, environ), ENOEXEC, "a part of a header");
	eh.e_phnum = 0;
	make_file("none", &eh, sizeof(eh), 0755);
	is_errno(execve("none", argv, environ), ENOEXEC, "no segments");
	eh.e_phnum = 3;
	eh.e_machine = EM_68K;
	make_file("machine", &eh, sizeof(eh), 0755);
	is_errno(
	    execve("machine", argv, environ), ENOEXEC, "another machine's");
	eh.e_ident[0] = 0;
	make_file("magic", &eh, sizeof(eh), 0755);
	is_errno(execve("magic", argv, environ), ENOEXEC, "no ELF file at all");
}

static void
as_another_user(void)
{
	must(chmod("private", 0711));
	must(setgid(1));
	must(setuid(1));
	is_errno(execve("roots", argv, environ), EACCES, "not ours to run");
	is_errno(execve("private/sub/x", argv, environ), EACCES,
	    "in a folder that is not ours to search");
}

TEST(proc_exec_error)
{
	make_file("file", "#!/bin/sh\n", 10, 0644);
	make_file("roots", "#!/bin/sh\n", 10, 0744);
	must(mkdir("private", 0700));
	must(mkdir("private/sub", 0700));
	must(mkfifo("fifo", 0755));
	must(symlink("loop", "loop"));
	must(symlink("nothing", "dangling"));
	test_paths();
	test_addresses();
	test_sizes();
	test_formats();
	is(wait_status(spawn(as_another_user)), 0, "a user who is not root");
	ok(true, "after all this, we are still here");
}
