/* /dev/random, /dev/urandom, getrandom. */
#include "files.h"

#include <linux/random.h>
#include <poll.h>

#define SAMPLE 4096

/* Whether bytes look random: no value too common, bits balanced. */
static bool
looks_random(const unsigned char *p, size_t len)
{
	unsigned int of_value[256] = {0}, ones = 0;

	for (size_t i = 0; i < len; i++) {
		of_value[p[i]]++;
		ones += __builtin_popcount(p[i]);
	}
	for (int i = 0; i < 256; i++)
		if (of_value[i] > 4 * len / 256 + 8)
			return false;
	return ones > len * 4 - len / 4 && ones < len * 4 + len / 4;
}

static void
device(const char *path)
{
	unsigned char a[SAMPLE] = {0}, b[SAMPLE] = {0};
	int fd = must(open(path, O_RDWR));
	struct pollfd r = {fd, POLLIN, 0};

	is(poll(&r, 1, 0), 1, "%s is ready", path);
	is(read(fd, a, sizeof(a)), sizeof(a), "%s gives what is asked", path);
	is(read(fd, b, sizeof(b)), sizeof(b), "%s again", path);
	ok(looks_random(a, sizeof(a)), "%s: it looks random", path);
	ok(looks_random(b, sizeof(b)), "%s: so does the second", path);
	ok(memcmp(a, b, sizeof(a)), "%s: and is another", path);
	is(write(fd, a, 100), 100, "%s takes what it is given", path);
	is_errno(raw(read, fd, 8, 16), EFAULT, "%s: a bad buffer", path);
	is(read(fd, a, 0), 0, "%s: nothing", path);
	close(fd);
}

static long
get(void *buf, size_t len, unsigned int flags)
{
	return raw(getrandom, buf, len, flags);
}

static void
call(void)
{
	unsigned char a[SAMPLE] = {0}, b[SAMPLE] = {0};
	char *border = page_border();

	is(get(a, sizeof(a), 0), sizeof(a), "getrandom");
	is(get(b, sizeof(b), GRND_NONBLOCK), sizeof(b), "GRND_NONBLOCK");
	ok(looks_random(a, sizeof(a)), "it looks random");
	ok(looks_random(b, sizeof(b)), "so does the second");
	ok(memcmp(a, b, sizeof(a)), "and is another");
	is(get(a, 1, GRND_RANDOM), 1, "GRND_RANDOM");
	is(get(a, 1, GRND_INSECURE), 1, "GRND_INSECURE");
	is_errno(get(a, 1, GRND_INSECURE | GRND_RANDOM), EINVAL, "not both");
	is_errno(get(a, 1, 8), EINVAL, "an unknown flag");
	is_errno(get(a, 1, -1), EINVAL, "all flags");
	is(get(a, 0, 0), 0, "nothing");
	is(get(border - 16, 16, 0), 16, "a buffer that just fits");
	is_errno(get(border, 16, 0), EFAULT, "one beyond it");
	is_errno(get((void *)8, 16, 0), EFAULT, "in page 0");
	is(get(border - 16, 64, 0), 16, "one that ends early is filled");
}

/* Two processes never get the same bytes. */
static void
after_fork(void)
{
	unsigned char mine[16],
	    *theirs = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	pid_t pid = must(fork());

	if (pid == 0) {
		get(theirs, 16, 0);
		_exit(0);
	}
	is(get(mine, 16, 0), 16, "in a parent");
	wait_status(pid);
	ok(memcmp(mine, theirs, 16), "not what its child gets");
}

TEST(dev_random)
{
	device("/dev/random");
	device("/dev/urandom");
	call();
	after_fork();
}
