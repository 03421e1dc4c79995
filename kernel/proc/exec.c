/*
 * execve: a process becomes another program.
 *
 *	find       the file; through "#!" lines, up to a program
 *	build      a whole new address space beside the old one
 *	be alone   other threads of the process end
 *	commit     the process changes over; nothing can fail any more
 *
 * Until the commit the old program is whole, and whatever fails goes back to
 * it; of the other threads, though, there is no bringing back.  What is needed
 * last, a table of handlers and one of files, is only there to be made when
 * another process shares it.
 */
#include "proc/exec.h"

#include <asm/siginfo.h>
#include <linux/auxvec.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "core/random.h"
#include "fs/cred.h"
#include "fs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/caps.h"
#include "proc/exec_impl.h"
#include "proc/fdtable.h"
#include "proc/fork.h"
#include "proc/prctl.h"
#include "proc/proc_impl.h"
#include "proc/who.h"

#define MAX_SCRIPTS 4 /* scripts whose interpreter is a script */

/* How far the stack and the break are moved by lot. */
#define RANDOM_STACK_PAGES 2048
#define RANDOM_BRK_PAGES   8192
/* Mapped below the strings at once; the rest comes as it is touched. */
#define STACK_FIRST_BYTES (128ul << 10)

/* ---- finding the program ------------------------------------------------- */

static const char *
last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static int
open_program(struct exec *e, struct fs_name name, u32 flags)
{
	struct file *file;
	size_t done;
	int err = namei_open_exec(&e->who, name, flags, &file);

	if (err != 0)
		return err;
	err = file_deny_write(file);
	if (err != 0) {
		file_put(file);
		return err;
	}
	exe_put(e->file);
	e->file = file;
	memset(e->line, 0, sizeof(e->line));
	return file_read_kernel(file, 0, e->line, EXEC_SCRIPT_LINE, &done);
}

/* Follows "#!" lines until the file is none; path is the first's name. */
static int
resolve_scripts(struct exec *e)
{
	const char *path = e->name;
	char *above = NULL;
	char *interp, *arg;
	int nr = 0;
	int err = 0;

	while (err == 0 && exec_is_script(e->line)) {
		if (nr++ > MAX_SCRIPTS)
			err = -ELOOP;
		if (err == 0)
			err = exec_script_parse(e->line, &interp, &arg);
		if (err == 0)
			err = exec_args_script(&e->args, interp, arg, path);
		if (err != 0)
			break;
		kfree(above);
		path = above = kstrdup(interp);
		if (above == NULL)
			return -ENOMEM;
		err = open_program(e, fs_name(NULL, above), 0);
	}
	kfree(above);
	return err;
}

/* ---- rights -------------------------------------------------------------- */

/*
 * A program may act as its file's owner or group, when the file says so and
 * nobody has forsworn it.
 */
static void
ask_set_id(struct exec *e, struct caps_exec *x)
{
	struct file_stat st;

	if (x->no_new_privs || e->file->path.mount == NULL ||
	    (e->file->path.mount->flags & MS_NOSUID))
		return;
	file_stat(e->file, &st);
	/* It may have been closed to this user since it was opened. */
	if (cred_may(e->who.cred, st.mode, st.uid, st.gid, MAY_EXEC) != 0)
		return;
	if (st.mode & S_ISUID) {
		x->euid = st.uid;
		e->clears_persona = true;
	}
	/* Without the x bit it stands for locking, an old custom. */
	if ((st.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) {
		x->egid = st.gid;
		e->clears_persona = true;
	}
}

static int
prepare_cred(struct exec *e)
{
	const struct cred *old = task_current()->cred;
	struct caps_exec x = {
	    .caps = old->caps,
	    .ruid = old->ruid,
	    .rgid = old->rgid,
	    .euid = old->euid,
	    .egid = old->egid,
	    .no_new_privs = task_current()->no_new_privs,
	};
	struct cred *new;
	int err = cred_dup(old, &new);

	if (err != 0)
		return err;
	ask_set_id(e, &x);
	caps_exec(&x);
	new->euid = new->suid = new->fsuid = x.euid;
	new->egid = new->sgid = new->fsgid = x.egid;
	new->caps = x.caps;
	e->cred = new;
	e->secure = x.secure;
	e->clears_persona |= x.gains;
	return 0;
}

/* ---- building ------------------------------------------------------------ */

/* Who gets rights by it does not choose where the program lies. */
bool
exec_is_random(const struct exec *e)
{
	return e->clears_persona ||
	    !(proc_current()->personality & ADDR_NO_RANDOMIZE);
}

static u64
random_pages(const struct exec *e, u64 nr)
{
	return exec_is_random(e) ? (random_u64() % nr) * PAGE_SIZE : 0;
}

int
exec_map_stack(struct exec *e, bool executable)
{
	struct proc *p = proc_current();
	u64 pointers = (e->args.argc + e->args.envc) * sizeof(u64);
	u64 used = e->args.len_bytes + pointers + EXEC_FRONT_SIZE;
	u64 first = used + STACK_FIRST_BYTES;

	if (first > p->limits[RLIMIT_STACK].soft)
		first = used + PAGE_SIZE;
	return mm_map_stack(e->mm, uaddr(e->stack_top), first,
	    MM_READ | MM_WRITE | (executable ? MM_EXEC : 0));
}

static void
describe_caller(struct exec *e)
{
	exec_auxv_add(&e->auxv, AT_UID, e->cred->ruid);
	exec_auxv_add(&e->auxv, AT_EUID, e->cred->euid);
	exec_auxv_add(&e->auxv, AT_GID, e->cred->rgid);
	exec_auxv_add(&e->auxv, AT_EGID, e->cred->egid);
	exec_auxv_add(&e->auxv, AT_SECURE, e->secure);
}

/* The break begins behind the program, which exec_load has placed. */
static void
place_brk(struct exec *e)
{
	u64 start = align_up(e->places.brk, PAGE_SIZE);

	start += random_pages(e, RANDOM_BRK_PAGES);
	mm_set_brk_start(e->mm, uaddr(start));
	e->places.start_brk = e->places.brk = start;
}

static void
note_places(struct exec *e)
{
	e->places.start_stack = e->stack.sp;
	e->places.arg_start = e->stack.arg_start;
	e->places.arg_end = e->places.env_start = e->stack.arg_end;
	e->places.env_end = e->stack.env_end;
	mm_set_places(e->mm, &e->places);
}

static int
build(struct exec *e)
{
	struct proc *p = proc_current();
	uaddr_t vdso;
	int err = mm_create(&e->mm);

	if (err != 0)
		return err;
	limits_tell_mm(p, e->mm);
	mm_set_random(e->mm, exec_is_random(e));
	e->stack_top = USER_TOP - random_pages(e, RANDOM_STACK_PAGES);
	err = exec_load(e);
	if (err == 0)
		err = mm_map_vdso(e->mm, &vdso);
	if (err != 0)
		return err;
	place_brk(e);
	describe_caller(e);
	err =
	    exec_args_write(&e->args, e->mm, e->stack_top, &e->auxv, &e->stack);
	if (err == 0)
		note_places(e);
	return err;
}

/* ---- being alone --------------------------------------------------------- */

static int
wait_alone(struct proc *p)
{
	int err = 0;

	spin_lock(&proc_tree_lock);
	while (p->nr_tasks > 1 && err == 0)
		err = waitq_wait_spin(&p->alone_wait, &proc_tree_lock,
		    PARK_KILLABLE, NO_DEADLINE, "other threads to end");
	spin_unlock(&proc_tree_lock);
	return err;
}

/*
 * Every other thread is told to end, and has.  Whom it shared its folders with
 * shall not lead a program with more rights about.
 */
static int
become_alone(const struct exec *e)
{
	int err = signal_exec_begin();

	if (err != 0)
		return err;
	err = wait_alone(proc_current());
	if (err == 0)
		err = fd_unshare();
	if (err == 0 && (e->secure || e->clears_persona))
		err = proc_unshare(CLONE_FS);
	if (err == 0)
		err = signal_exec_prepare();
	if (err != 0)
		signal_exec_cancel();
	return err == -EINTR ? -EAGAIN : err;
}

/* ---- the commit ---------------------------------------------------------- */

/* Whichever thread it was, it bears the process's number now. */
static void
take_number(struct task *t)
{
	struct proc *p = t->proc;
	struct pid *own = t->pid;
	struct proc *child;

	spin_lock(&proc_tree_lock);
	if (own != p->pid) {
		list_for_each (child, &p->children, sibling)
			if (child->parent_tid == t->tid)
				child->parent_tid = p->nr;
		spin_lock(&p->sig.lock);
		t->pid = p->pid;
		t->tid = p->nr;
		p->pid->task = t;
		own->task = NULL;
		spin_unlock(&p->sig.lock);
		pid_free_if_unused_locked(own);
	}
	spin_unlock(&proc_tree_lock);
}

/* The old memory goes, and whoever lent it in vfork has it back. */
static void
change_memory(struct task *t, struct exec *e)
{
	struct proc *p = t->proc;
	struct mm *old_mm = p->mm;
	struct file *old_exe = p->exe;

	if (old_mm != NULL)
		task_leave_memory(t);
	mm_use(e->mm);
	spin_lock(&proc_tree_lock);
	p->mm = e->mm;
	p->exe = e->file;
	p->dumpable = e->dumpable;
	p->mm_shared = false;
	p->nr_execs++;
	p->exit_signal = SIGCHLD;
	proc_vfork_done_locked(t);
	spin_unlock(&proc_tree_lock);
	e->mm = NULL;
	e->file = NULL;
	if (old_mm != NULL)
		mm_put(old_mm);
	exe_put(old_exe);
}

/*
 * Before the memory: who gets other rights is not looked into from here on, and
 * whether others may look again they are told with the new memory.
 */
static void
change_rights(struct task *t, struct exec *e)
{
	struct proc *p = t->proc;
	const struct cred *old = t->cred;
	bool is_real = old->euid == old->ruid && old->egid == old->rgid;

	if (e->secure)
		p->pdeath_signal = 0;
	if (e->clears_persona)
		p->personality &= ~PER_CLEAR_ON_SETID;
	e->dumpable = !rights_commit_take(e->cred) && is_real;
	e->cred = NULL;
	atomic_store(&p->membarrier, 0u);
}

static void
change_registers(struct task *t, struct exec *e)
{
	struct trap_frame *f = arch_user_frame(t->thread.stack);

	memset(&t->thread.fpu, 0, sizeof(t->thread.fpu));
	arch_user_frame_init(f, uaddr(e->entry), uaddr(e->stack.sp));
	arch_fpu_load(f, &t->thread.fpu);
}

static void
commit(struct exec *e)
{
	struct task *t = task_current();

	change_rights(t, e);
	change_memory(t, e);
	take_number(t);
	signal_exec_commit();
	ptimer_drop_all(t->proc);
	fd_close_on_exec();
	task_set_comm(t, e->comm);
	change_registers(t, e);
}

/* ---- the call ------------------------------------------------------------ */

static void
exec_free(struct exec *e)
{
	exec_args_free(&e->args);
	exe_put(e->file);
	if (e->cred != NULL)
		cred_put(e->cred);
	if (e->mm != NULL)
		mm_put(e->mm);
	kfree(e->fd_name);
	kfree(e);
}

static struct exec *
exec_create(const char *name)
{
	struct exec *e = kzalloc(sizeof(*e));

	if (e == NULL)
		return NULL;
	exec_args_init(&e->args, limit_current(RLIMIT_STACK));
	e->who = who_current();
	e->name = name;
	str_copy(e->comm, sizeof(e->comm), last_component(name));
	return e;
}

/* A program finds at least its own name, even if that is empty. */
static int
end_argv(struct exec_args *a)
{
	if (a->argc > 0)
		return 0;
	a->argc = 1;
	return exec_args_add(a, "");
}

/* The arguments are there; all that is left. */
static int
run(struct exec *e)
{
	int err = exec_args_add(&e->args, e->name);

	if (err == 0)
		err = resolve_scripts(e);
	if (err == 0)
		err = prepare_cred(e);
	if (err == 0)
		err = build(e);
	if (err == 0)
		err = become_alone(e);
	if (err != 0)
		return err;
	/* commit */
	commit(e);
	return 0;
}

static int
exec_user(
    struct exec *e, struct fs_name name, uaddr_t argv, uaddr_t envp, u32 flags)
{
	int err = open_program(e, name, flags);

	if (err == 0)
		err = exec_args_add_user(&e->args, argv, &e->args.argc);
	if (err == 0)
		err = end_argv(&e->args);
	if (err == 0)
		err = exec_args_add_user(&e->args, envp, &e->args.envc);
	return err == 0 ? run(e) : err;
}

/* The name of what an open directory and a path below it, or a file, is. */
static int
name_by_fd(struct exec *e, int dirfd, const char *path)
{
	size_t cap = sizeof("/dev/fd//") + 10 + strlen(path);

	e->fd_name = kmalloc(cap);
	if (e->fd_name == NULL)
		return -ENOMEM;
	fmt_snprint(e->fd_name, cap,
	    path[0] != '\0' ? "/dev/fd/%d/%s" : "/dev/fd/%d", dirfd, path);
	e->name = e->fd_name;
	str_copy(e->comm, sizeof(e->comm), last_component(e->name));
	return 0;
}

int
proc_exec(int dirfd, const char *path, uaddr_t argv, uaddr_t envp, int flags)
{
	u32 how = (flags & AT_EMPTY_PATH ? NAMEI_EMPTY : 0) |
	    (flags & AT_SYMLINK_NOFOLLOW ? NAMEI_NOFOLLOW : 0);
	bool by_fd = dirfd != AT_FDCWD && path[0] != '/';
	struct fd base = {NULL, false};
	struct exec *e;
	int err = 0;

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	e = exec_create(path);
	if (e == NULL)
		return -ENOMEM;
	if (by_fd)
		err = fd_get(dirfd, &base);
	if (err == 0 && by_fd)
		err = name_by_fd(e, dirfd, path);
	if (err == 0)
		err = exec_user(e, fs_name(base.file, path), argv, envp, how);
	if (base.file != NULL)
		fd_put(&base);
	exec_free(e);
	return err;
}

static int
add_all(struct exec_args *a, const char *const *list, u32 *count)
{
	int err = 0;

	for (; *list != NULL && err == 0; list++) {
		++*count;
		err = exec_args_add(a, *list);
	}
	return err;
}

int
proc_exec_kernel(
    const char *path, const char *const *argv, const char *const *envp)
{
	struct exec *e = exec_create(path);
	int err;

	if (e == NULL)
		return -ENOMEM;
	err = open_program(e, fs_name(NULL, path), 0);
	if (err == 0)
		err = add_all(&e->args, argv, &e->args.argc);
	if (err == 0)
		err = add_all(&e->args, envp, &e->args.envc);
	if (err == 0)
		err = run(e);
	exec_free(e);
	return err;
}
