/*
 * What a program has after exec.  Each case makes itself what it says, and the
 * program, which is this one again, looks at what it got.
 */
#include "caps.h"

#include <linux/sched.h>
#include <sys/auxv.h>
#include <sys/personality.h>

/* effective permitted inheritable AT_SECURE dumpable words */
HELPER(caps_of_program)
{
	const char *when = argv[7];

	caps_are(strtoull(argv[2], NULL, 16), strtoull(argv[3], NULL, 16),
	    strtoull(argv[4], NULL, 16), when);
	is(getauxval(AT_SECURE), atoi(argv[5]), "%s: AT_SECURE", when);
	is(prctl(PR_GET_DUMPABLE), atoi(argv[6]), "%s: dumpable", when);
	is(prctl(PR_GET_KEEPCAPS), 0, "%s: nothing is kept", when);
	is(geteuid(), getauxval(AT_EUID), "%s: AT_EUID", when);
	return 0;
}

/* What a program is expected to have. */
struct want {
	uint64_t e, p, i;
	int secure, dumpable;
};

static void
run(const char *path, struct want w, const char *when)
{
	char e[24], p[24], i[24];
	char *argv[] = {"x", "@caps_of_program", e, p, i, w.secure ? "1" : "0",
	    w.dumpable ? "1" : "0", (char *)when, NULL};

	sprintf(e, "%llx", (long long)w.e);
	sprintf(p, "%llx", (long long)w.p);
	sprintf(i, "%llx", (long long)w.i);
	execv(path, argv);
	_exit(126);
}

/* ---- root ---------------------------------------------------------------- */

static void
root(void)
{
	run(tap_self, (struct want){ALL, ALL, 0, 0, 1}, "root");
}

static void
root_without(void)
{
	must(prctl(PR_SET_KEEPCAPS, 1));
	must(caps_set(0, 0, 0));
	run(tap_self, (struct want){ALL, ALL, 0, 0, 0}, "root gets all again");
}

static void
root_bounded(void)
{
	const uint64_t kill = BIT(CAP_KILL), own = BIT(CAP_CHOWN);

	must(caps_set(ALL, ALL, own));
	must(prctl(PR_CAPBSET_DROP, CAP_KILL));
	must(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	run(tap_self, (struct want){ALL & ~kill, ALL & ~kill, own, 0, 1},
	    "the bound binds root, but not what is inherited");
}

/* Rights that root takes up again on the way are no new ones with NNP. */
static void
root_sworn(void)
{
	const uint64_t kill = BIT(CAP_KILL);

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(caps_set(0, kill, 0));
	run(tap_self, (struct want){kill, kill, 0, 0, 1},
	    "root who wants no new ones");
}

static void
root_no_more(void)
{
	const uint64_t kill = BIT(CAP_KILL);

	must(caps_set(ALL, ALL, kill | BIT(CAP_CHOWN)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
	run(tap_self, (struct want){kill, kill, kill | BIT(CAP_CHOWN), 0, 1},
	    "SECBIT_NOROOT: only ambient ones");
}

static void
root_behind(void)
{
	must(setresuid(0, USER, 0));
	run(tap_self, (struct want){0, ALL, 0, 1, 0},
	    "root in truth: no effect");
}

static void
root_in_effect(void)
{
	must(setresuid(USER, 0, 0));
	run(tap_self, (struct want){ALL, ALL, 0, 1, 0}, "root in effect");
}

/* Then he is who he really is, though with what he had. */
static void
root_in_effect_sworn(void)
{
	must(setresuid(USER, 0, 0));
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	run(tap_self, (struct want){ALL, ALL, 0, 1, 0},
	    "root in effect who wants no new ones");
}

/* ---- a user -------------------------------------------------------------- */

static void
user(void)
{
	become(USER, USER);
	run(tap_self, (struct want){0, 0, 0, 0, 1}, "a user");
}

static void
user_keeping(void)
{
	caps_only(BIT(CAP_KILL));
	must(caps_set(BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL)));
	run(tap_self, (struct want){0, 0, BIT(CAP_KILL), 0, 1},
	    "a user with one loses it");
}

static void
make_ambient(void)
{
	const uint64_t two = BIT(CAP_KILL) | BIT(CAP_SETUID);

	caps_only(two);
	must(caps_set(0, two, BIT(CAP_KILL)));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
}

static void
user_ambient(void)
{
	make_ambient();
	run(tap_self,
	    (struct want){BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL), 0, 1},
	    "an ambient one stays");
}

static void
user_ambient_sworn(void)
{
	make_ambient();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	run(tap_self,
	    (struct want){BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL), 0, 1},
	    "also for who wants no new ones");
}

/* ---- programs with an owner's rights ------------------------------------- */

static void
user_becomes_root(void)
{
	make_ambient();
	run("./program", (struct want){ALL, ALL, BIT(CAP_KILL), 1, 0},
	    "root's program");
}

static void
user_becomes_bounded_root(void)
{
	must(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	become(USER, USER);
	run("./program",
	    (struct want){
		ALL & ~BIT(CAP_CHOWN), ALL & ~BIT(CAP_CHOWN), 0, 1, 0},
	    "root's program within bounds");
}

static void
user_swears_off(void)
{
	make_ambient();
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	run("./program",
	    (struct want){BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL), 0, 1},
	    "root's program for who wants no new rights");
}

static void
user_becomes_no_root(void)
{
	must(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT));
	make_ambient();
	run("./program", (struct want){0, 0, BIT(CAP_KILL), 1, 0},
	    "root's program where root is nobody");
}

static void
root_runs_roots(void)
{
	run("./program", (struct want){ALL, ALL, 0, 0, 1},
	    "root's program run by root");
}

static void
user_becomes_other(void)
{
	make_ambient();
	run("./program", (struct want){0, 0, BIT(CAP_KILL), 1, 0},
	    "another's program");
}

static void
root_becomes_other(void)
{
	run("./program", (struct want){0, ALL, 0, 1, 0},
	    "another's program run by root");
}

static void
user_with_group(void)
{
	make_ambient();
	run("./program", (struct want){0, 0, BIT(CAP_KILL), 1, 0},
	    "a group's program");
}

static void
user_in_group(void)
{
	make_ambient();
	run("./program",
	    (struct want){BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL), 0, 1},
	    "his own group's program");
}

static void
make_program(uid_t uid, gid_t gid, mode_t mode)
{
	must(chown("program", uid, gid));
	must(chmod("program", mode));
}

static void
copy_program(void)
{
	int in = must(open(tap_self, O_RDONLY));
	int out = must(open("program", O_CREAT | O_WRONLY, 0755));
	char *text = pages(65536, PROT_READ | PROT_WRITE);
	ssize_t n;

	while ((n = must(read(in, text, 65536))) > 0)
		ensure(write(out, text, n) == n);
	close(in);
	must(close(out));
}

/* ---- what else goes ------------------------------------------------------ */

HELPER(caps_persona)
{
	is(personality(0xffffffff), strtol(argv[2], NULL, 16), "%s", argv[3]);
	return 0;
}

static void
run_persona(const char *path, const char *want, const char *words)
{
	char *argv[] = {
	    "x", "@caps_persona", (char *)want, (char *)words, NULL};

	must(personality(ADDR_NO_RANDOMIZE));
	execv(path, argv);
	_exit(126);
}

static void
persona_of_user(void)
{
	become(USER, USER);
	run_persona(tap_self, "40000", "a user's wishes stay");
}

static void
persona_of_other(void)
{
	become(USER, USER);
	run_persona("./program", "0", "but not in a program with rights");
}

static void
persona_of_gain(void)
{
	must(caps_set(0, 0, 0));
	run_persona(tap_self, "0", "nor where root gets more");
}

/* ---- who else has a hand in it --------------------------------------------
 */

HELPER(caps_place)
{
	unsigned long here = (unsigned long)&argc;

	ensure(write(atoi(argv[2]), &here, sizeof(here)) == sizeof(here));
	return 0;
}

/* Where a user's program has its stack, who wants it always at the same place.
 */
static unsigned long
place_of(const char *path)
{
	unsigned long here = 0;
	char number[12];
	int end[2];
	pid_t pid;

	must(pipe(end));
	sprintf(number, "%d", end[1]);
	pid = must(fork());
	if (pid == 0) {
		become(USER, USER);
		must(personality(ADDR_NO_RANDOMIZE));
		execl(path, "x", "@caps_place", number, NULL);
		_exit(126);
	}
	ensure(wait_status(pid) == 0);
	ensure(read(end[0], &here, sizeof(here)) == sizeof(here));
	close(end[0]);
	close(end[1]);
	return here;
}

static void
places(void)
{
	ok(place_of(tap_self) == place_of(tap_self),
	    "where a program lies its user may say");
	ok(place_of("./program") != place_of("./program"),
	    "but not if it gets rights");
}

/* end told: after the other's change, has a program with rights seen it? */
HELPER(caps_shares)
{
	char c = 0;

	ensure(write(atoi(argv[3]), "x", 1) == 1);
	ensure(read(atoi(argv[2]), &c, 1) == 1);
	ok(geteuid() == getuid() || umask(0) != 0123,
	    "whoever shares folders with it does not lead it about");
	return 0;
}

static void
sharing(void)
{
	char in[12], out[12], c;
	int told[2], there[2];
	pid_t pid;

	umask(022);
	must(pipe(told));
	must(pipe(there));
	sprintf(in, "%d", told[0]);
	sprintf(out, "%d", there[1]);
	pid = must(raw(clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		become(USER, USER);
		execl("./program", "x", "@caps_shares", in, out, NULL);
		_exit(126);
	}
	ensure(read(there[0], &c, 1) == 1);
	umask(0123);
	ensure(write(told[1], "x", 1) == 1);
	is(wait_status(pid), 0, "a program that shares folders");
}

/* Its child was made to end with SIGUSR1; both that and SIGCHLD are blocked. */
HELPER(caps_child_ends)
{
	const struct timespec long_enough = {20, 0};
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGCHLD);
	close(atoi(argv[2]));
	is(sigtimedwait(&both, NULL, &long_enough), SIGCHLD,
	    "a child of the program before it ends with SIGCHLD");
	is(waitpid(-1, NULL, __WALL) > 0, 1, "and is waited for");
	return 0;
}

static void
ending_child(void)
{
	char number[12], c;
	sigset_t both;
	int end[2];
	pid_t pid;

	sigemptyset(&both);
	sigaddset(&both, SIGUSR1);
	sigaddset(&both, SIGCHLD);
	must(sigprocmask(SIG_BLOCK, &both, NULL));
	must(pipe(end));
	pid = must(raw(clone, SIGUSR1, 0, 0, 0, 0));
	if (pid == 0) {
		close(end[1]);
		_exit(read(end[0], &c, 1) == 0 ? 0 : 1);
	}
	sprintf(number, "%d", end[1]);
	execl(tap_self, "x", "@caps_child_ends", number, NULL);
	_exit(126);
}

HELPER(caps_reads)
{
	char c;

	return read(atoi(argv[2]), &c, 1) == 0 ? 0 : 1;
}

/* Right after vfork has returned the child's new program can be looked at. */
static void
looks_at_child(void)
{
	char number[12], name[40], link[256];
	int seen = 0;

	become(USER, USER);
	must(prctl(PR_SET_DUMPABLE, 1));
	for (int i = 0; i < 40; i++) {
		int end[2];
		pid_t pid;

		must(pipe2(end, O_CLOEXEC));
		must(fcntl(end[0], F_SETFD, 0));
		sprintf(number, "%d", end[0]);
		pid = must(raw(clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
		if (pid == 0) {
			execl(tap_self, "x", "@caps_reads", number, NULL);
			_exit(126);
		}
		sprintf(name, "/proc/%d/exe", pid);
		seen += readlink(name, link, sizeof(link)) > 0;
		close(end[0]);
		close(end[1]);
		ensure(wait_status(pid) == 0);
	}
	is(seen, 40, "a child can be looked at as soon as vfork returns");
}

/* ---- looking while it happens ---------------------------------------------
 */

/* Some seconds' worth; a gap as long as taking a lock shows in 1500 turns. */
#define NR_TURNS "150"

/*
 * Turns to go, and a pipe for the end.  This program, a user's, executes
 * root's, which becomes the user's again and executes this one.
 */
HELPER(caps_turns)
{
	int left = atoi(argv[2]);
	char turns[16];
	char *next[] = {"x", argv[1], turns, argv[3], NULL};

	snprintf(turns, sizeof(turns), "%d", left - 1);
	if (geteuid() == 0) {
		must(setresuid(USER, USER, USER));
		execve(tap_self, next, environ);
	} else if (left > 0) {
		execve("program", next, environ);
	}
	ensure(left <= 0);
	must(write(atoi(argv[3]), "!", 1));
	for (;;)
		pause();
}

static const char *
maps_of(pid_t pid)
{
	static char text[16384];
	size_t len = 0;
	char path[32];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	fd = open(path, O_RDONLY);
	while (fd >= 0 && len < sizeof(text) - 1 &&
	    (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = '\0';
	return text;
}

static void
look_at_turns(void)
{
	int end[2], nr_seen = 0;
	char fd[16], c;
	char *argv[] = {"x", "@caps_turns", NR_TURNS, fd, NULL};
	pid_t pid;

	must(pipe(end));
	must(fcntl(end[0], F_SETFL, O_NONBLOCK));
	snprintf(fd, sizeof(fd), "%d", end[1]);
	pid = must(fork());
	if (pid == 0) {
		execve(tap_self, argv, environ);
		_exit(126);
	}
	while (read(end[0], &c, 1) != 1)
		if (strstr(maps_of(pid), "program") != NULL)
			nr_seen++;
	is(nr_seen, 0, "root's memory is never seen");
	ok(strstr(maps_of(pid), "r-x") != NULL, "one's own is");
	kill(pid, SIGKILL);
	wait_status(pid);
}

TEST(proc_caps_look)
{
	must(chmod(".", 0755));
	copy_program();
	make_program(0, 0, 04755);
	as_user(look_at_turns);
}

TEST(proc_caps_exec)
{
	must(chmod(".", 0755));
	lives(root, "root");
	lives(root_without, "root without any");
	lives(root_bounded, "bounds");
	lives(root_sworn, "no new ones");
	lives(root_no_more, "SECBIT_NOROOT");
	lives(root_behind, "root in truth");
	lives(root_in_effect, "root in effect");
	lives(root_in_effect_sworn, "root in effect, no new ones");
	lives(user, "a user");
	lives(user_keeping, "a user with one");
	lives(user_ambient, "a user with an ambient one");
	lives(user_ambient_sworn, "and no new ones");
	lives(persona_of_user, "personality");
	lives(persona_of_gain, "personality of root");
	lives(ending_child, "a child made before");
	lives(looks_at_child, "a child of vfork");
	copy_program();
	make_program(0, 0, 04755);
	lives(user_becomes_root, "root's program");
	lives(user_becomes_bounded_root, "root's program, bounds");
	lives(user_swears_off, "root's program, no new ones");
	lives(user_becomes_no_root, "root's program, SECBIT_NOROOT");
	lives(root_runs_roots, "root's program by root");
	make_program(OTHER, 0, 04755);
	lives(user_becomes_other, "another's program");
	lives(root_becomes_other, "another's program by root");
	lives(persona_of_other, "personality of another's program");
	places();
	sharing();
	make_program(0, OTHER, 02755);
	lives(user_with_group, "a group's program");
	make_program(0, USER, 02755);
	lives(user_in_group, "one's own group's program");
}
