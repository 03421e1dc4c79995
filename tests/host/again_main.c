/*
 * A program that is run again and again in one process: this library, put into
 * it by LD_PRELOAD, stops it before main().  For each byte that comes on the
 * file ASK, main() runs with its output in the file that $AGAIN_MAIN_OUT names,
 * and its exit status goes to the file ANSWER.
 *
 * Before each run the process is as it was before the first one: what it may
 * write to (data, heap, thread's own, but for the stack and this library) has
 * the same bytes, the heap the same end, and no other file is open.  So there
 * is no more than e2fsck's own work, where a process of its own takes twenty
 * times as long to be made and to touch its memory.  Memory that it maps is
 * lost: the caller has malloc map none, and trim nothing.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ASK        3
#define ANSWER     4
#define MOST       64
#define MAPS_BYTES 65536
#define HEAP_HEAD  256 /* more than malloc's own words about a chunk */

typedef int main_fn(int argc, char **argv, char **envp);

/* No part of what is put back. */
static struct {
	int magic; /* not zero, so that all of it lies in the library's data */
	main_fn *main;
	jmp_buf back;
	void *heap_end;
	int nr;
	struct {
		char *start;
		size_t len_bytes;
		char *kept;
	} regions[MOST];
} again = {.magic = 1};

static void
die(int status)
{
	syscall(SYS_exit_group, status);
	__builtin_unreachable();
}

static void
note_region(const char *line)
{
	unsigned long start, end;
	char rights[8], path[512] = "";

	if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %511s", &start, &end, rights,
		path) < 3)
		die(123);
	if (strcmp(rights, "rw-p") != 0 || strcmp(path, "[stack]") == 0 ||
	    strstr(path, "again_main") != NULL ||
	    ((unsigned long)&again >= start && (unsigned long)&again < end))
		return;
	if (again.nr == MOST)
		die(122);
	again.regions[again.nr].start = (char *)start;
	again.regions[again.nr++].len_bytes = end - start;
}

static void
note_regions(void)
{
	char maps[MAPS_BYTES], *line, *next;
	int fd = open("/proc/self/maps", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, maps + len, sizeof(maps) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	maps[len] = 0;
	for (line = maps; *line != 0; line = next) {
		next = strchr(line, '\n') + 1;
		next[-1] = 0;
		note_region(line);
	}
}

/* Memory behind what malloc has given so far is nobody's. */
static void
cut_heap(void *last)
{
	char *end = (char *)last + HEAP_HEAD;
	int n;

	for (n = 0; n < again.nr; n++)
		if (end > again.regions[n].start &&
		    end < again.regions[n].start + again.regions[n].len_bytes)
			again.regions[n].len_bytes =
			    (size_t)(end - again.regions[n].start);
}

static void
keep_all(void)
{
	void *p = malloc(HEAP_HEAD);
	int n;

	again.heap_end = sbrk(0);
	note_regions();
	cut_heap((char *)p + HEAP_HEAD);
	for (n = 0; n < again.nr; n++) {
		p = mmap(NULL, again.regions[n].len_bytes,
		    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			die(121);
		again.regions[n].kept = p;
	}
	for (n = 0; n < again.nr; n++)
		memcpy(again.regions[n].kept, again.regions[n].start,
		    again.regions[n].len_bytes);
}

static void
put_back_all(void)
{
	int n;

	syscall(SYS_brk, again.heap_end);
	for (n = 0; n < again.nr; n++)
		memcpy(again.regions[n].start, again.regions[n].kept,
		    again.regions[n].len_bytes);
	syscall(SYS_close_range, ANSWER + 1, ~0u, 0);
}

static void
open_out(void)
{
	int fd =
	    open(getenv("AGAIN_MAIN_OUT"), O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		die(120);
	close(fd);
}

/* In place of the C library's: main() is left, and the process stays. */
void
exit(int status)
{
	fflush(NULL);
	longjmp(again.back, status + 1);
}

static int
run_again(int argc, char **argv, char **envp)
{
	char request;
	int status;

	keep_all();
	while (read(ASK, &request, 1) == 1) {
		open_out();
		status = setjmp(again.back);
		if (status == 0)
			exit(again.main(argc, argv, envp));
		status--;
		if (write(ANSWER, &status, sizeof(status)) != sizeof(status))
			break;
		put_back_all();
	}
	die(0);
	return 0;
}

int __libc_start_main(main_fn *fn, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end);

/* Where a program begins, once all its libraries are ready. */
int
__libc_start_main(main_fn *fn, int argc, char **argv, void (*init)(void),
    void (*fini)(void), void (*rtld_fini)(void), void *stack_end)
{
	__typeof__(__libc_start_main) *real =
	    dlsym(RTLD_NEXT, "__libc_start_main");

	again.main = fn;
	return real(run_again, argc, argv, init, fini, rtld_fini, stack_end);
}
