/* names: sh */
/*
 * A small shell, called calfsh in the guest, and sh where there is no busybox:
 * `calfsh`, `calfsh -c COMMANDS [NAME [ARG...]]`, `calfsh FILE [ARG...]`.
 *
 * A line of input becomes a tree, the tree is run, and both are forgotten:
 *
 *	list      and_or { (; | & | newline) and_or }
 *	and_or    pipeline { (&& | ||) pipeline }
 *	pipeline  command { | command }
 *	command   ( list ) { redirection }
 *	        | { NAME=word } { word | redirection }
 *
 * Words stay in the tree as they were written.  Quotes, backslashes and $NAME
 * are dealt with only when the word's command runs, for what $? means depends
 * on what ran before.
 *
 * Nobody can change another process's folder, descriptors or variables.  So
 * what must change the shell's own (cd, exit, exec...) is built in, and all
 * else runs in a child.  run() is what the shell does with a tree, become() is
 * what a child does with one.
 *
 * Left out: control flow, functions, command substitution, patterns, the
 * splitting of $NAME into several arguments, variables that are not exported,
 * and job control: what runs in the foreground is in the shell's process group,
 * so Ctrl-C goes to both, the one dies of it and the interactive shell catches
 * it.
 */
#define _GNU_SOURCE
#include "sh/sh.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The shell's own descriptors begin here, out of the way of the user's. */
#define OWN_FD 10

struct shell sh;

int
complain(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("sh: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

/* Sets the variable of NAME=value, which is expanded already. */
static void
assign(char *assignment)
{
	char *equals = strchr(assignment, '=');

	*equals = '\0';
	setenv(assignment, equals + 1, 1);
}

static void
assign_all(const struct node *n)
{
	for (int i = 0; i < n->nr_assignments; i++)
		assign(expand(n->words[i]));
}

/* ------------------------------------------------ redirections */

static int
open_redirection(const struct redirection *r, const char *word)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC;

	switch (r->operator) {
	case '<':
		return open(word, O_RDONLY | O_CLOEXEC);
	case '>':
		return open(word, flags | O_TRUNC, 0666);
	case 'a':
		return open(word, flags | O_APPEND, 0666);
	}
	errno = EBADF;
	return isdigit((unsigned char)*word) ? dup(atoi(word)) : -1;
}

static bool
redirect(const struct redirection *r)
{
	for (; r; r = r->next) {
		char *word = expand(r->word);
		int fd = open_redirection(r, word ? word : "");

		if (fd < 0 || dup2(fd, r->fd) < 0)
			return complain(false, "%s: %s", word, strerror(errno));
		if (fd == r->fd)
			fcntl(fd, F_SETFD, 0);
		else
			close(fd);
	}
	return true;
}

static void
save_redirected(struct redirection *r)
{
	for (; r; r = r->next)
		r->saved = fcntl(r->fd, F_DUPFD_CLOEXEC, OWN_FD);
}

static void
restore_redirected(const struct redirection *r, bool keep)
{
	for (; r; r = r->next) {
		if (!keep && dup2(r->saved, r->fd) < 0)
			close(r->fd);
		close(r->saved);
	}
}

/* ------------------------------------------------ what is built in */

static void __attribute__((noreturn)) exec_program(char **argv)
{
	execvp(argv[0], argv);
	if (errno == ENOENT)
		exit(complain(NOT_FOUND, "%s: not found", argv[0]));
	exit(complain(CANNOT_RUN, "%s: %s", argv[0], strerror(errno)));
}

static int
shell_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return SIGNALLED + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}

static int
builtin_cd(char **argv)
{
	const char *to = argv[1] ? argv[1] : getenv("HOME");

	if (chdir(to ? to : "/") == 0)
		return 0;
	return complain(FAILED, "cd: %s: %s", to, strerror(errno));
}

static int
builtin_exec(char **argv)
{
	if (argv[1])
		exec_program(argv + 1);
	return 0;
}

static int
builtin_exit(char **argv)
{
	exit(argv[1] ? atoi(argv[1]) : sh.last_status);
}

static int
builtin_export(char **argv)
{
	while (*++argv)
		if (is_assignment(*argv))
			assign(*argv);
	return 0;
}

/* Says which jobs have ended since anyone last asked. */
static int
builtin_jobs(char **argv __attribute__((unused)))
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		fprintf(stderr, "[%d] ended with status %d\n", pid,
		    shell_status(status));
	return 0;
}

static int
builtin_kill(char **argv)
{
	int sig = SIGTERM, status = 0;

	if (*++argv && **argv == '-')
		sig = atoi(*argv++ + 1);
	for (; *argv; argv++)
		if (kill(atoi(*argv), sig))
			status = complain(
			    FAILED, "kill: %s: %s", *argv, strerror(errno));
	return status;
}

static int
builtin_umask(char **argv)
{
	mode_t old = umask(0);

	umask(argv[1] ? (mode_t)strtol(argv[1], NULL, 8) : old);
	if (!argv[1])
		printf("%04o\n", old);
	return 0;
}

/* With no PID: for every child there is.  Ctrl-C ends the waiting. */
static int
builtin_wait(char **argv)
{
	pid_t pid = argv[1] ? atoi(argv[1]) : -1;
	int status;

	do {
		if (waitpid(pid, &status, 0) > 0)
			continue;
		if (errno == ECHILD)
			return pid < 0 ? 0 : NOT_FOUND;
		if (sh.interrupted)
			return SIGNALLED + SIGINT;
	} while (pid < 0);
	return shell_status(status);
}

static int builtin_help(char **argv);

static const struct builtin {
	const char *name;
	int (*run)(char **argv);
	const char *usage;
} builtins[] = {
    {"cd", builtin_cd, "[FOLDER]       go there, or home"},
    {"exec", builtin_exec, "[COMMAND]      become it; or keep redirections"},
    {"exit", builtin_exit, "[STATUS]       end this shell"},
    {"export", builtin_export, "NAME=VALUE...  set variables"},
    {"help", builtin_help, "               this"},
    {"jobs", builtin_jobs, "               what ended in the background"},
    {"kill", builtin_kill, "[-N] PID...    send signal N, or 15"},
    {"umask", builtin_umask, "[MODE]         bits that new files don't get"},
    {"wait", builtin_wait, "[PID]          for the background"},
};

#define NR_BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

static int
builtin_help(char **argv __attribute__((unused)))
{
	for (size_t i = 0; i < NR_BUILTINS; i++)
		printf("  %-6s %s\n", builtins[i].name, builtins[i].usage);
	printf("  a | b   a ; b   a & b   a && b   a || b   (a; b)\n"
	       "  < FILE   > FILE   >> FILE   2> FILE   2>&1\n"
	       "  'as is'   \"with $NAME\"   \\c   NAME=value   # comment\n"
	       "The programs are in /bin: ls /bin\n");
	return 0;
}

static const struct builtin *
builtin_find(const char *name)
{
	for (size_t i = 0; name && i < NR_BUILTINS; i++)
		if (strcmp(builtins[i].name, name) == 0)
			return &builtins[i];
	return NULL;
}

/* ------------------------------------------------ running */

static int run(struct node *n);

/* Does in the shell itself what is built in, or has no words at all. */
static int
run_here(struct node *n, char **argv)
{
	const struct builtin *b = builtin_find(argv[0]);
	int status = FAILED;

	save_redirected(n->redirections);
	if (redirect(n->redirections)) {
		assign_all(n);
		status = b ? b->run(argv) : 0;
	}
	fflush(stdout);
	restore_redirected(n->redirections, b && b->run == builtin_exec);
	return status;
}

static void __attribute__((noreturn)) become(struct node *n)
{
	char **argv;

	if (n->kind == SUBSHELL)
		exit(redirect(n->redirections) ? run(n->left) : FAILED);
	if (n->kind != COMMAND)
		exit(run(n));
	argv = expand_arguments(n);
	if (!argv[0] || builtin_find(argv[0]))
		exit(run_here(n, argv));
	if (!redirect(n->redirections))
		exit(FAILED);
	assign_all(n);
	exec_program(argv);
}

/*
 * Starts a child between two descriptors, which it takes; -1 is for the
 * shell's own.  A child gets back the signals that the interactive shell does
 * not die of, save that without job control, what runs in the background must
 * not hear of Ctrl-C.
 */
static pid_t
start(struct node *n, int in, int out, bool background)
{
	pid_t pid = fork();

	if (pid < 0)
		complain(FAILED, "fork: %s", strerror(errno));
	if (pid == 0) {
		if (sh.interactive || background) {
			signal(SIGINT, background ? SIG_IGN : SIG_DFL);
			signal(SIGQUIT, background ? SIG_IGN : SIG_DFL);
			signal(SIGTERM, SIG_DFL);
		}
		sh.interactive = false;
		dup2(in, 0);
		dup2(out, 1);
		become(n);
	}
	close(in);
	close(out);
	return pid;
}

/* Waits for what runs in the foreground. */
static int
wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return CANNOT_RUN;
	sh.interrupted =
	    sh.interactive && WIFSIGNALED(status) && WTERMSIG(status) == SIGINT;
	if (sh.interactive && WIFSIGNALED(status) && !sh.interrupted)
		fprintf(stderr, "%s\n", strsignal(WTERMSIG(status)));
	return shell_status(status);
}

static int
run_command(struct node *n)
{
	char **argv = expand_arguments(n);

	if (!argv[0] || builtin_find(argv[0]))
		return run_here(n, argv);
	return wait_for(start(n, -1, -1, false));
}

/* Runs a | rest, where a reads from `in`: the status is that of the last. */
static int
run_pipeline(struct node *n, int in)
{
	int fd[2], status;
	pid_t pid;

	if (n->kind != PIPE)
		return wait_for(start(n, in, -1, false));
	if (pipe2(fd, O_CLOEXEC))
		return complain(FAILED, "pipe: %s", strerror(errno));
	pid = start(n->left, in, fd[1], false);
	status = run_pipeline(n->right, fd[0]);
	wait_for(pid);
	return status;
}

/* What runs in the background must not read what is typed. */
static int
run_background(struct node *n)
{
	sh.last_job =
	    start(n, open("/dev/null", O_RDONLY | O_CLOEXEC), -1, true);
	if (sh.interactive)
		fprintf(stderr, "[%d]\n", sh.last_job);
	return sh.last_job < 0 ? FAILED : 0;
}

/* The status becomes $? at once, for the next command may ask. */
static int
run(struct node *n)
{
	if (sh.interrupted)
		return sh.last_status;
	switch (n->kind) {
	case COMMAND:
		return sh.last_status = run_command(n);
	case SUBSHELL:
	case PIPE:
		return sh.last_status = run_pipeline(n, -1);
	case BACKGROUND:
		return sh.last_status = run_background(n->left);
	case AND:
		return run(n->left) == 0 ? run(n->right) : sh.last_status;
	case OR:
		return run(n->left) != 0 ? run(n->right) : sh.last_status;
	case THEN:
		run(n->left);
		return run(n->right);
	}
	return USAGE;
}

/* ------------------------------------------------ the shell */

static void
on_interrupt(int sig __attribute__((unused)))
{
	sh.interrupted = 1;
}

static void
become_interactive(void)
{
	struct sigaction sa = {.sa_handler = on_interrupt};

	sh.interactive = true;
	sigaction(SIGINT, &sa, NULL); /* not SA_RESTART: reading must end */
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
}

/* Sets the parameters; returns where the commands come from. */
static FILE *
read_arguments(int argc, char **argv)
{
	const char *commands = NULL;
	int fd;

	sh.params = argv;
	sh.nr_params = 1;
	if (argc < 2)
		return stdin;
	if (argc > 2 && strcmp(argv[1], "-c") == 0)
		commands = argv[2];
	else if (argv[1][0] == '-')
		exit(
		    complain(USAGE, "usage: sh [-c COMMANDS | FILE] [ARG]..."));
	if (!commands || argc > 3) {
		sh.params = argv + (commands ? 3 : 1);
		sh.nr_params = argc - (commands ? 3 : 1);
	}
	if (commands)
		return fmemopen((char *)commands, strlen(commands), "r");
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		exit(complain(NOT_FOUND, "%s: %s", argv[1], strerror(errno)));
	return fdopen(fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD), "r");
}

/* Adds a line of input to the text; false if there is none. */
static bool
read_line(FILE *in, char **text, const char *prompt)
{
	static char *line;
	static size_t room;

	if (sh.interactive)
		fputs(prompt, stderr);
	if (getline(&line, &room, in) < 0)
		return false;
	obstack_grow(&sh.memory, *text, strlen(*text));
	obstack_grow0(&sh.memory, line, strlen(line));
	*text = obstack_finish(&sh.memory);
	return true;
}

/* Reads and runs a line, or lines that belong together; false at the end. */
static bool
serve(FILE *in)
{
	char *text = "";
	enum problem problem;
	struct node *n;

	if (!read_line(in, &text, "# "))
		return false;
	while (!(n = parse(text, &problem)) && problem == INCOMPLETE) {
		if (read_line(in, &text, "> "))
			continue;
		if (!sh.interrupted)
			sh.last_status = complain(USAGE, "unexpected end");
		return false;
	}
	if (n)
		run(n);
	return sh.interactive || problem == NONE;
}

int
main(int argc, char **argv)
{
	FILE *in = read_arguments(argc, argv);
	bool more = true;

	/* What follows a line may be for the commands on it to read. */
	setvbuf(in, NULL, _IONBF, 0);
	sh.pid = getpid();
	if (in == stdin && isatty(0))
		become_interactive();
	while (more) {
		if (sh.interactive)
			builtin_jobs(NULL);
		obstack_init(&sh.memory);
		obstack_init(&sh.lists);
		more = serve(in);
		obstack_free(&sh.memory, NULL);
		obstack_free(&sh.lists, NULL);
		if (sh.interrupted) {
			fputc('\n', stderr);
			clearerr(in);
			sh.last_status = SIGNALLED + SIGINT;
			sh.interrupted = 0;
			more = true;
		}
	}
	return sh.last_status;
}
