/*
 * Process 1: made from nothing by the kernel, where every other process is
 * made by one.
 *
 * What the kernel's command line has beside the kernel's own words is for it:
 * words with '=' and without '.' are its environment, others its arguments,
 * and all that follows "--" is arguments whatever it looks like.
 */
#include <linux/fcntl.h>
#include <linux/resource.h>

#include "core/panic.h"
#include "core/printk.h"
#include "fs/cred.h"
#include "fs/namei.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/fdtable.h"
#include "proc/prctl.h"
#include "proc/proc_impl.h"
#include "proc/session.h"
#include "proc/who.h"

#define MAX_INIT_WORDS 32 /* as Linux: of each, arguments and environment */

/* Words that are the kernel's own, by what they begin with. */
static const char *const kernel_words[] = {
    "init=",
    "rdinit=",
    "strace",
    "quiet",
    "calf.",
    "console=",
    "root=",
    "loglevel=",
    "panic=",
    "norandmaps",
    "watchdog=",
};

/*
 * struct init_words: copies of the path and the command line, cut into words.
 * Lives until process 1 has them on its stack.
 */
struct init_words {
	char *text;
	char *path;
	const char *argv[MAX_INIT_WORDS + 2];
	const char *envp[MAX_INIT_WORDS + 3];
	u32 argc;
	u32 envc;
};

static bool
is_kernels(const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kernel_words); i++)
		if (str_starts(word, kernel_words[i]))
			return true;
	return false;
}

static void
add_word(struct init_words *w, const char *word, bool only_args)
{
	if (!only_args && strchr(word, '=') != NULL) {
		if (w->envc < MAX_INIT_WORDS + 2)
			w->envp[w->envc++] = word;
	} else if (w->argc < MAX_INIT_WORDS + 1) {
		w->argv[w->argc++] = word;
	}
}

/* The next word of *at, which moves on; "..." may hold blanks. NULL: none. */
static char *
cut_word(char **at)
{
	char *s = *at;
	char *word, *to;
	bool quoted = false;

	while (*s == ' ')
		s++;
	if (*s == '\0')
		return NULL;
	for (word = to = s; *s != '\0' && (quoted || *s != ' '); s++) {
		if (*s == '"')
			quoted = !quoted;
		else
			*to++ = *s;
	}
	*at = *s != '\0' ? s + 1 : s;
	*to = '\0';
	return word;
}

static int
cut_words(struct init_words *w, const char *path, const char *cmdline)
{
	bool only_args = false;
	char *at, *word;

	w->text = kstrdup(cmdline);
	w->path = kstrdup(path);
	if (w->text == NULL || w->path == NULL)
		return -ENOMEM;
	w->argv[w->argc++] = w->path;
	w->envp[w->envc++] = "HOME=/";
	w->envp[w->envc++] = "TERM=linux";
	at = w->text;
	while ((word = cut_word(&at)) != NULL) {
		if (!only_args && strcmp(word, "--") == 0)
			only_args = true;
		else if (only_args || !is_kernels(word))
			add_word(w, word, only_args);
	}
	return 0;
}

static struct init_words words;

/* Descriptors 0, 1 and 2, if there is a console to be opened. */
static void
open_console(void)
{
	struct fs_who who = who_current();
	struct file *file;
	int fd;

	if (namei_open(&who, fs_name(NULL, "/dev/console"), O_RDWR, 0, &file) !=
	    0) {
		printk("there is no /dev/console for process 1\n");
		return;
	}
	/* The table is empty and nobody else's: they get 0, 1 and 2. */
	if (fd_open_take(file, false, &fd) != 0 || fd_dup(fd, &fd) != 0 ||
	    fd_dup(fd, &fd) != 0)
		printk("no descriptors for process 1\n");
}

static void
init_entry(void *arg)
{
	struct task *t = arg;
	int err;

	open_console();
	err = proc_exec_kernel(words.path, words.argv, words.envp);
	if (err != 0)
		panic("cannot run %s as process 1: error %d", words.path, -err);
	kfree(words.text);
	kfree(words.path);
	task_enter_user(t);
}

static int
give_identity(struct task *t)
{
	struct cred *cred;
	int err = cred_create(0, &cred);

	if (err == 0)
		err = uidcount_charge(cred->ruid, LIMIT_INFINITY);
	if (err != 0)
		return err;
	t->cred = cred;
	err = fdtable_create(&t->files);
	return err == 0 ? fs_context_create(&t->fs) : err;
}

/* Nobody comes before it, so nobody sees it half made. */
static int
link_first(struct task *t, struct proc *p)
{
	spin_lock(&proc_tree_lock);
	p->pid = t->pid;
	p->nr = t->tid;
	p->pid->proc = p;
	list_push_back(&proc_all, &p->all);
	task_link_locked(t, p);
	proc_init1 = p;
	spin_unlock(&proc_tree_lock);
	return session_first(p);
}

int
proc_start_init(const char *path, const char *cmdline, bool trace)
{
	struct proc *p;
	struct task *t;
	int err = cut_words(&words, path, cmdline);

	if (err == 0)
		err = proc_create(&p);
	if (err == 0)
		err = signal_fork_proc(p, NULL, false, false);
	if (err == 0)
		err = task_create(init_entry, &t);
	if (err == 0)
		err = give_identity(t);
	if (err != 0)
		return err;
	assert(t->tid == PID_INIT);
	limits_default(p->limits);
	p->dumpable = 1;
	signal_fork_task(t, false);
	p->sig.protect = true;
	if (trace)
		t->thread.notify = NOTIFY_TRACE;
	err = link_first(t, p);
	if (err == 0)
		thread_start(&t->thread);
	return err;
}

struct fs_who
who_current(void)
{
	struct task *t = task_current();

	return (struct fs_who){
	    .cred = t->cred,
	    .ctx = t->fs,
	    .fsize_limit = limit_current(RLIMIT_FSIZE),
	};
}
