/* What tests are written with. */
#include "usertests.h"

#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "told.h"

/* Somebody who owns nothing and has no name. */
#define NOBODY 54321

/* In memory that all the test's processes share. */
static struct {
	int failed;
	int left_out;
	char why[240];
} * told;

/* ---- telling --------------------------------------------------------------
 */

bool
told_make(void)
{
	told = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return told != MAP_FAILED;
}

void
told_reset(void)
{
	memset(told, 0, sizeof(*told));
}

const char *
told_failure(void)
{
	return told->failed ? told->why : NULL;
}

const char *
told_left_out(void)
{
	return told->left_out ? told->why : NULL;
}

void
fail(const char *fmt, ...)
{
	char text[sizeof(told->why)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* The first is the cause, whoever else fails too. */
	if (!__atomic_exchange_n(&told->failed, 1, __ATOMIC_RELAXED))
		memcpy(told->why, text, sizeof(text));
	kill(0, SIGKILL);
	_exit(1);
}

void
leave_out(const char *why)
{
	snprintf(told->why, sizeof(told->why), "%s", why);
	told->left_out = 1;
	_exit(0);
}

void
must_fail(long got, int want, const char *where, int line, const char *what)
{
	if (got != -1)
		fail("%s, line %d: %s gives %ld", where, line, what, got);
	if (errno != want)
		fail("%s, line %d: %s: %s instead of %s", where, line, what,
		    strerrorname_np(errno), strerrorname_np(want));
}

/* ---- processes ------------------------------------------------------------
 */

pid_t
start(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	return pid;
}

int
status_of(pid_t child)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(child, &status, 0);
	while (pid < 0 && errno == EINTR);
	if (pid != child)
		fail("waiting for %d: %s", child, strerror(errno));
	return status;
}

void
must_exit(pid_t child, int want)
{
	int status = status_of(child);

	if (!WIFEXITED(status) || WEXITSTATUS(status) != want)
		fail("a child has status %#x instead of exit status %d", status,
		    want);
}

void
must_die(pid_t child, int sig)
{
	int status = status_of(child);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		fail("a child has status %#x instead of death by signal %d",
		    status, sig);
}

void
in_child(void (*run)(void))
{
	pid_t pid = start();

	if (pid == 0) {
		run();
		_exit(0);
	}
	must_exit(pid, 0);
}

static char
state_of(pid_t pid)
{
	char name[40], text[400];
	char *at;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at != NULL ? at[2] : '\0';
}

void
await_state(pid_t pid, char state)
{
	const struct timespec moment = {0, 1000000};

	while (state_of(pid) != state)
		nanosleep(&moment, NULL);
}

void
drop_rights(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		fail("becoming nobody: %s", strerror(errno));
}

/* ---- memory ---------------------------------------------------------------
 */

static void *
map(size_t len_bytes, int flags)
{
	void *at = mmap(NULL, len_bytes, PROT_READ | PROT_WRITE,
	    flags | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		fail("mmap of %zu bytes: %s", len_bytes, strerror(errno));
	return at;
}

char *
area(size_t len_bytes)
{
	return map(len_bytes, MAP_PRIVATE);
}

void *
shared_area(size_t len_bytes)
{
	return map(len_bytes, MAP_SHARED);
}

char *
edge_page(void)
{
	char *at = area(2 * PAGE);

	needs(mprotect(at + PAGE, PAGE, PROT_NONE) == 0);
	return at;
}

bool
is_mapped(uintptr_t at)
{
	unsigned char vec;

	return syscall(SYS_mincore, at & -PAGE, PAGE, &vec) == 0;
}

static sigjmp_buf back;

static void
on_fault(int sig)
{
	siglongjmp(back, sig);
}

int
touch(volatile void *at, enum touch how)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL};
	struct sigaction action = {.sa_handler = on_fault}, old[NR_OF(sigs)];
	volatile char *byte = at;
	int sig;

	for (size_t i = 0; i < NR_OF(sigs); i++)
		sigaction(sigs[i], &action, &old[i]);
	sig = sigsetjmp(back, 1);
	if (sig == 0 && how == LOAD)
		(void)*byte;
	else if (sig == 0 && how == STORE)
		*byte = 1;
	else if (sig == 0)
		((void (*)(void))(uintptr_t)at)();
	for (size_t i = 0; i < NR_OF(sigs); i++)
		sigaction(sigs[i], &old[i], NULL);
	return sig;
}

/* ---- files ----------------------------------------------------------------
 */

void
put_file(const char *name, const char *text)
{
	int fd = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	ssize_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != len || close(fd))
		fail("making the file %.20s: %s", name, strerror(errno));
}

off_t
size_of(const char *name)
{
	struct stat st;

	if (stat(name, &st))
		fail("the size of %.20s: %s", name, strerror(errno));
	return st.st_size;
}

void
make_pipe(int fds[2])
{
	if (pipe(fds))
		fail("pipe: %s", strerror(errno));
}

void
await_pipe(int fds[2])
{
	char byte;

	close(fds[1]);
	if (read(fds[0], &byte, 1) < 0)
		fail("waiting at a pipe: %s", strerror(errno));
	close(fds[0]);
}

long
proc_number(const char *file, const char *word)
{
	FILE *f = fopen(file, "re");
	char line[200];
	long number = -1;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, word, strlen(word)) == 0) {
			number = strtol(line + strlen(word), NULL, 10);
			break;
		}
	if (f != NULL)
		fclose(f);
	return number;
}
