/* The stack and the heap. */
#include "kernel/types.h"

#include "user/user.h"

#define PAGE 4096
#define MIB  (1 << 20)

static char big[3 * PAGE];

static uint64
stack_pointer(void)
{
	uint64 sp;

	asm volatile("mv %0, sp" : "=r"(sp));
	return sp;
}

static void
read_below_stack(void)
{
	(void)*(volatile char *)(stack_pointer() - PAGE);
}

static void
write_below_stack(void)
{
	*(volatile char *)(stack_pointer() - PAGE) = 1;
}

static void
write_code(void)
{
	*(volatile int *)read_below_stack = 1;
}

static void
run_heap(void)
{
	((void (*)(void))sbrk(PAGE))();
}

static void
touch_end(void)
{
	*(volatile char *)sbrk(0) = 1;
}

static void
shrink_all(void)
{
	sbrk(-(int)(uint64)sbrk(0));
}

static int
count_pages(void)
{
	char *from = sbrk(0), *at;
	int nr = 0;

	while ((at = sbrk(PAGE)) != (char *)-1) {
		*at = 1;
		nr++;
	}
	sbrk(-(int)(sbrk(0) - from));
	return nr;
}

static void
test_break(void)
{
	char *from = sbrk(0), *a;

	check((uint64)from > (uint64)big && (uint64)from < 0x1000000,
	    "the heap is behind bss, low");
	check(stack_pointer() < (uint64)from &&
		stack_pointer() >= (uint64)from - PAGE,
	    "the stack is the page before it");
	a = sbrk(1);
	check(a == from && sbrk(0) == from + 1, "one byte");
	*a = 7;
	check(
	    sbrk(2 * PAGE) == a + 1 && a[2 * PAGE] == 0, "the next are zeroes");
	a[2 * PAGE] = 9;
	check(sbrk(-2 * PAGE) == a + 1 + 2 * PAGE && *a == 7, "given back");
	check(sbrk(2 * PAGE) == a + 1 && a[2 * PAGE] == 0, "zeroes again");
	sbrk(-(int)(sbrk(0) - from));
	check(sbrk(0) == from, "as in the beginning");
	check(sbrk(-2147483647 - 1) != (char *)-1 && sbrk(0) == from,
	    "a size that wraps round changes nothing");
	check(sbrk(100 * MIB) == from, "100 MiB in one piece");
	from[100 * MIB - 1] = 1;
	check(sbrk(-100 * MIB) == from + 100 * MIB, "and back");
}

static void
test_count(void)
{
	int first = count_pages(), pid, status;

	check(first >= 104 * 256, "104 MiB can be had of 128");
	check(count_pages() == first, "as many again");
	for (int i = 0; i < 50; i++) {
		pid = fork();
		if (pid == 0) {
			big[i] = 1;
			sbrk(64 * PAGE);
			exit(0);
		}
		wait(&status);
	}
	check(count_pages() == first, "and after fifty children");
}

static void
test_lazy(void)
{
	char *a = sbrklazy(1 << 30);

	check(a != (char *)-1, "a lazy GiB");
	for (int i = 0; i < 16; i++)
		a[i * (64 * MIB)] = i;
	check(a[15 * (64 * MIB)] == 15 && a[PAGE] == 0, "sparsely used");
	check(sbrk(-(1 << 30)) == a + (1 << 30), "and back");
	check(sbrk(1 << 30) == (char *)-1 && sbrk(0) == a,
	    "an eager one is refused, and nothing has changed");
}

int
main(void)
{
	check(status_of(read_below_stack) == -1, "no reading below the stack");
	check(status_of(write_below_stack) == -1, "no writing there");
	check(status_of(write_code) == -1, "no writing to code");
	check(status_of(run_heap) == -1, "no running of the heap");
	check(status_of(touch_end) == -1, "nothing behind the break");
	check(status_of(shrink_all) == -1, "who gives all back has nothing");
	test_break();
	test_count();
	test_lazy();
	done();
}
