/* What calf alone offers, for the programs of the classic teaching kernel. */
#include "weigh.h"

#define WHOLE_VALUE 0x00100000

static int
whole_value(int code)
{
	siginfo_t info;
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(code);
	must(waitid(P_PID, pid, &info, WEXITED | WHOLE_VALUE));
	ok(info.si_code == CLD_EXITED, "%d: it ended by itself", code);
	return info.si_status;
}

static void
end_with_747(void)
{
	_exit(747);
}

TEST(calf_whole_value)
{
	static const int codes[] = {0, 1, 255, 256, 747, -1, INT_MIN, INT_MAX};
	siginfo_t info;
	pid_t pid;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		is(whole_value(codes[i]), codes[i], "the whole of %d",
		    codes[i]);
	pid = spawn(end_with_747);
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	is(info.si_status, 747 & 0xff, "who does not ask has its lowest byte");
	must(waitid(P_PID, pid, &info, WEXITED | WNOWAIT | WHOLE_VALUE));
	is(info.si_status, 747, "who asks has it whole");
	is(wait_status(pid), (747 & 0xff) << 8, "wait4 has the lowest byte");
	pid = must(fork());
	if (pid == 0) {
		must(kill(getpid(), SIGKILL));
		_exit(1);
	}
	must(waitid(P_PID, pid, &info, WEXITED | WHOLE_VALUE));
	ok(info.si_code == CLD_KILLED && info.si_status == SIGKILL,
	    "a signal is told as before");
}

/* ---- the reserve ----------------------------------------------------------
 */

static void
set_reserve(unsigned long kib)
{
	int fd = must(open("/proc/calf/reserve", O_WRONLY));
	char text[32];
	int len = snprintf(text, sizeof(text), "%lu\n", kib);

	is(write(fd, text, len), len, "a reserve of %lu KiB", kib);
	close(fd);
}

static unsigned long
total_kib(void)
{
	const char *line = strstr(proc_text(0, "/proc/calf/frames"), "total ");

	ensure(line != NULL);
	return strtoul(line + 6, NULL, 10) * 4;
}

/* Takes page after page until it is refused; returns how many there were. */
static unsigned long
count_pages(void)
{
	size_t room = 1ul << 32;
	unsigned long nr = 0;
	char *at = mmap(NULL, room, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ensure(at != MAP_FAILED);
	while (madvise(at + nr * 4096, 4096, MADV_POPULATE_WRITE) == 0)
		nr++;
	is(errno, ENOMEM, "memory is refused in the end");
	must(munmap(at, room));
	return nr;
}

TEST(calf_reserve)
{
	unsigned long total = total_kib(), first, files;
	char *at;
	int fd;

	set_reserve(total - 12 * 1024);
	first = count_pages();
	ok(first > 0 && first * 4 < 12 * 1024, "%lu KiB can be had", first * 4);
	is(count_pages(), first, "as many once more");
	fd = must(open("/tmp/calf_reserve", O_RDWR | O_CREAT | O_EXCL, 0600));
	must(ftruncate(fd, 1 << 20));
	for (int i = 0; i < 256; i++)
		ensure(pwrite(fd, "x", 1, i * 4096) == 1);
	files = count_pages();
	is(files, first, "a file takes nothing of it");
	must(close(fd));
	must(unlink("/tmp/calf_reserve"));
	set_reserve(0);
	at = mmap(NULL, 12 << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ensure(at != MAP_FAILED);
	is(madvise(at, 12 << 20, MADV_POPULATE_WRITE), 0, "more without one");
}
