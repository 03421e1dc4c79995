/* mlock and munlock: memory that is there at once, and stays. */
#include "mem.h"

#include <sys/resource.h>

static int
resident(char *p, int pages)
{
	unsigned char vec[16];
	int n = 0;

	must(mincore(p, pages * PAGE, vec));
	for (int i = 0; i < pages; i++)
		n += vec[i] & 1;
	return n;
}

/* What may be written is there to be written. */
static void
test_no_faults(void)
{
	struct rusage before, after;
	char *p = anon(8);

	must(mlock(p, 8 * PAGE));
	must(getrusage(RUSAGE_SELF, &before));
	for (int i = 0; i < 8; i++)
		p[i * PAGE] = 1;
	must(getrusage(RUSAGE_SELF, &after));
	is(after.ru_minflt, before.ru_minflt, "no write waits for memory");
	must(munmap(p, 8 * PAGE));
}

TEST(mem_lock)
{
	char *p = anon(4);

	is(mlock(p + 5, 2 * PAGE - 5), 0, "mlock");
	is(resident(p, 4), 2, "brings what it locks");
	is(munlock(p, 2 * PAGE), 0, "munlock");
	is(resident(p, 4), 2, "which stays for now");
	is(mlock(p, 0), 0, "nothing at all");
	is_errno(mlock(p, -PAGE), EINVAL, "too much");
	must(munmap(p + PAGE, PAGE));
	is_errno(mlock(p, 4 * PAGE), ENOMEM, "over a hole");
	must(mprotect(p, PAGE, PROT_NONE));
	is_errno(mlock(p, PAGE), ENOMEM, "what nobody may read");
	must(mprotect(p, PAGE, PROT_EXEC));
	is(mlock(p, PAGE), 0, "but what may be run alone");
	must(mprotect(p, PAGE, PROT_WRITE));
	is(mlock(p, PAGE), 0, "or written alone");
	must(munmap(p, 4 * PAGE));
	test_no_faults();
}
