/* What the programs here share. */
#include "kernel/types.h"

#include "user/user.h"

static int failed;

int main(int argc, char **argv);

void
start(int argc, char **argv)
{
	exit(main(argc, argv));
}

unsigned int
strlen(const char *s)
{
	unsigned int len = 0;

	while (s[len])
		len++;
	return len;
}

void *
memset(void *to, int c, uint n)
{
	char *at = to;

	while (n-- > 0)
		*at++ = c;
	return to;
}

int
same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return *a == *b;
}

char *
sbrk(int n)
{
	return sys_sbrk(n, 1);
}

char *
sbrklazy(int n)
{
	return sys_sbrk(n, 2);
}

static void
say(const char *s)
{
	write(1, s, strlen(s));
}

void
check(int holds, const char *what)
{
	say(holds ? "ok: " : "FAILED: ");
	say(what);
	say("\n");
	failed |= !holds;
}

void
done(void)
{
	say(failed ? "something failed\n" : "all hold\n");
	exit(failed);
}

int
status_of(void (*f)(void))
{
	int status = -2, pid = fork();

	if (pid == 0) {
		f();
		exit(0);
	}
	return wait(&status) == pid ? status : -2;
}
