/* umask: what it gives back, what it takes from, who shares it. */
#include "files.h"

#include <sched.h>

static mode_t
made(const char *path, mode_t mode)
{
	close(must(open(path, O_CREAT | O_EXCL | O_RDWR, mode)));
	return file_mode(path);
}

static void
child(void)
{
	is(umask(0), 012, "a child has its parent's");
}

static int
sharing_child(void *arg __attribute__((unused)))
{
	umask(055);
	return 0;
}

TEST(perm_umask)
{
	static char stack[65536] __attribute__((aligned(16)));

	umask(022);
	is(umask(0), 022, "umask gives the one before");
	is(made("a", 0666), 0666, "0 takes nothing");
	is(umask(07777777), 0, "more bits than there are");
	is(umask(0777), 0777, "are cut to nine");
	is(made("b", 07777), 07000, "0777 takes all rights, not the others");
	umask(0123);
	is(made("c", 0777), 0654, "each bit by itself");
	must(mkdir("d", 0777));
	is(file_mode("d"), 0654, "for folders");
	must(mkfifo("p", 0777));
	is(file_mode("p"), 0654, "FIFOs");
	must(symlink("a", "l"));
	is(file_mode("l"), 0777, "but not links");
	must(chmod("a", 0777));
	is(file_mode("a"), 0777, "nor chmod");

	umask(012);
	wait_status(spawn(child));
	is(umask(012), 012, "which keeps its changes to itself");
	wait_status(must(clone(
	    sharing_child, stack + sizeof(stack), CLONE_FS | SIGCHLD, NULL)));
	is(umask(022), 055, "unless they share CLONE_FS");
}
