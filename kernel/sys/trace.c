/*
 * The log of system calls, for `strace` on the kernel's command line and
 * /proc/calf/strace: one line when a call begins, since it may not return, and
 * one when it has.
 */
#include <linux/fcntl.h>

#include "core/printk.h"
#include "lib/errno.h"
#include "lib/fmt.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/syscall.h"

#define LINE_MAX  192
#define BYTES_MAX 32 /* of a string or buffer that are shown */

struct line {
	char text[LINE_MAX];
	size_t len;
};

static void PRINTF(2, 3) add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	size_t room = LINE_MAX - l->len;
	size_t n;

	va_start(ap, fmt);
	n = fmt_vsnprint(l->text + l->len, room, fmt, ap);
	va_end(ap);
	l->len += MIN(n, room - 1);
}

static void
add_byte(struct line *l, char c)
{
	if (c == '\n')
		add(l, "\\n");
	else if (c == '"' || c == '\\')
		add(l, "\\%c", c);
	else if (c < ' ' || c > '~')
		add(l, "\\%03o", (unsigned int)(u8)c);
	else
		add(l, "%c", c);
}

static void
add_bytes(struct line *l, const char *bytes, size_t n, bool more)
{
	size_t i;

	add(l, "\"");
	for (i = 0; i < n; i++)
		add_byte(l, bytes[i]);
	add(l, more ? "\"..." : "\"");
}

static void
add_string(struct line *l, uaddr_t addr)
{
	char bytes[BYTES_MAX];
	size_t len;
	int err = user_read_string(bytes, sizeof(bytes), addr, &len);

	if (err == 0)
		add_bytes(l, bytes, len, false);
	else if (err == -ENAMETOOLONG)
		add_bytes(l, bytes, sizeof(bytes), true);
	else
		add(l, "%#lx", addr.val);
}

static void
add_buffer(struct line *l, uaddr_t addr, u64 len)
{
	char bytes[BYTES_MAX];
	size_t n = MIN(len, sizeof(bytes));

	if (user_read(bytes, addr, n) == 0)
		add_bytes(l, bytes, n, n < len);
	else
		add(l, "%#lx", addr.val);
}

static void
add_arg(struct line *l, u8 kind, const u64 *a)
{
	switch (kind) {
	case ARG_LONG:
		add(l, "%ld", (s64)*a);
		break;
	case ARG_UINT:
		add(l, "%u", (u32)*a);
		break;
	case ARG_SIZE:
		add(l, "%lu", *a);
		break;
	case ARG_HEX:
		add(l, "%#x", (u32)*a);
		break;
	case ARG_HEXL:
	case ARG_PTR:
		add(l, "%#lx", *a);
		break;
	case ARG_OCT:
		add(l, "0%o", (u32)*a);
		break;
	case ARG_PATH:
	case ARG_STR:
		add_string(l, uaddr(*a));
		break;
	case ARG_IN:
		add_buffer(l, uaddr(*a), a[1]);
		break;
	case ARG_DIRFD:
		if ((int)*a == AT_FDCWD) {
			add(l, "AT_FDCWD");
			break;
		}
		FALLTHROUGH;
	default:
		add(l, "%d", (int)*a);
	}
}

void
trace_enter(const struct syscall *call, const u64 *args)
{
	struct line l = {.len = 0};
	u32 i;

	add(&l, "%d %s(", task_current()->tid, call->name);
	for (i = 0; call->args[i] != ARG_NONE; i++) {
		if (i > 0)
			add(&l, ", ");
		add_arg(&l, call->args[i], &args[i]);
	}
	printk("%s)\n", l.text);
}

void
trace_exit(const struct syscall *call, s64 result)
{
	int tid = task_current()->tid;

	if (result < 0 && result > -4096)
		printk("%d %s = -1 %s\n", tid, call->name,
		    errno_name((int)-result));
	else
		printk("%d %s = %#lx\n", tid, call->name, result);
}
