/* Capabilities: asking for them, and capset. */
#include "caps.h"

static struct __user_cap_header_struct head;
static struct __user_cap_data_struct sets[2];

static int
get(uint32_t version, int pid)
{
	head = (struct __user_cap_header_struct){version, pid};
	memset(sets, 0x55, sizeof(sets));
	return raw(capget, &head, sets);
}

static int
set(int pid)
{
	head.version = _LINUX_CAPABILITY_VERSION_3;
	head.pid = pid;
	return raw(capset, &head, sets);
}

static void
user_has_none(void)
{
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "a user's");
	is(sets[0].effective | sets[1].effective, 0, "has none");
	is(sets[0].permitted | sets[1].permitted, 0, "nor may have");
	is(set(0), 0, "which may be said again");
	sets[0].permitted = 1;
	is_errno(set(0), EPERM, "but not raised");
	sets[0].permitted = 0;
	sets[0].effective = 1;
	is_errno(set(0), EPERM, "but not raised");
	is(get(_LINUX_CAPABILITY_VERSION_3, getppid()), 0, "its parent's");
	is(sets[0].effective, ~0u, "has all");
	is_errno(ambient(PR_CAP_AMBIENT_RAISE, 0), EPERM, "nor kept by exec");
}

static void
acts_for_user(void)
{
	must(setresuid(-1, USER, -1));
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "root acts for a user");
	is(sets[0].effective, 0, "he has none");
	is(sets[0].permitted, ~0u, "but may");
	must(setresuid(-1, 0, -1));
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "root again");
	is(sets[0].effective, ~0u, "has all again");
}

/* ---- the call ------------------------------------------------------------ */

static void
test_get(void)
{
	is(get(_LINUX_CAPABILITY_VERSION_3, 0), 0, "root's");
	is(sets[0].effective, ~0u, "has all");
	is(sets[1].effective, 0x1ff, "also those above 32");
	is(sets[0].permitted, ~0u, "and may have");
	is(sets[0].inheritable, 0, "and leaves none");
	is(get(_LINUX_CAPABILITY_VERSION_2, 0), 0, "the second version");
	is(sets[1].effective, 0x1ff, "has two words");
	is(get(_LINUX_CAPABILITY_VERSION_1, 0), 0, "the oldest version");
	is(sets[1].effective, 0x55555555, "has one word");
	is_errno(get(77, 0), EINVAL, "no such version");
	is(head.version, _LINUX_CAPABILITY_VERSION_3, "tells which there is");
	head.version = 0;
	is(raw(capget, &head, NULL), 0, "that may be all one asks");
	is(head.version, _LINUX_CAPABILITY_VERSION_3, "and is told");
	head.pid = -1;
	is(raw(capget, &head, NULL), 0, "and of nobody");
	is_errno(get(_LINUX_CAPABILITY_VERSION_3, -1), EINVAL, "pid -1");
	is_errno(get(_LINUX_CAPABILITY_VERSION_3, 0x3fffffff), ESRCH, "nobody");
	is_errno(raw(capget, NOWHERE, sets), EFAULT, "bad memory");
	head.version = _LINUX_CAPABILITY_VERSION_3;
	head.pid = 0;
	is_errno(raw(capget, &head, NOWHERE), EFAULT, "bad memory");
}

/* The version is read, judged and told before the number is read. */
static void
test_version_only(void)
{
	uint32_t *version = (uint32_t *)page_border() - 1;

	*version = 77;
	is_errno(raw(capget, version, sets), EINVAL, "a version, no more");
	is(*version, _LINUX_CAPABILITY_VERSION_3, "is answered");
	is(raw(capget, version, NULL), 0, "one that there is, too");
	is_errno(raw(capget, version, sets), EFAULT, "whose sets?");
	is_errno(raw(capset, version, sets), EFAULT, "nobody's");
	*version = 77;
	is(raw(capget, version, NULL), 0, "one asks for the version");
	is(*version, _LINUX_CAPABILITY_VERSION_3, "and is told");
	*version = 77;
	is_errno(raw(capset, version, sets), EINVAL, "capset does so, too");
}

static void
test_set_call(void)
{
	get(_LINUX_CAPABILITY_VERSION_3, 0);
	is(set(0), 0, "what is the case may be said again");
	is(set(getpid()), 0, "by number");
	is_errno(set(1), EPERM, "but not of others");
	is_errno(set(-1), EPERM, "nor of all");
	head.pid = 1;
	is_errno(
	    raw(capset, &head, NOWHERE), EPERM, "which is looked at first");
	head.pid = 0;
	is_errno(raw(capset, &head, NOWHERE), EFAULT, "bad memory");
	head.version = 77;
	is_errno(raw(capset, &head, sets), EINVAL, "no such version");
	is(head.version, _LINUX_CAPABILITY_VERSION_3, "tells which there is");
	head.version = 77;
	is_errno(raw(capset, &head, NULL), EINVAL, "also who sets nothing");
}

static void
set_too_many(void)
{
	is(caps_set(~0ull, ~0ull, 0), 0, "those that there are not");
	caps_are(ALL, ALL, 0, "are not had");
}

static void
set_old_version(void)
{
	head.version = _LINUX_CAPABILITY_VERSION_1;
	head.pid = 0;
	sets[0] = (struct __user_cap_data_struct){1, 3, 4};
	is(raw(capset, &head, sets), 0, "the oldest version");
	caps_are(1, 3, 4, "sets one word, and none above");
}

/* ---- the rules ----------------------------------------------------------- */

static void
set_less(void)
{
	const uint64_t kill = BIT(CAP_KILL), own = BIT(CAP_CHOWN);

	is(caps_set(kill, kill | own, 0), 0, "fewer in effect and permitted");
	caps_are(kill, kill | own, 0, "then they are");
	is(caps_set(own, kill | own, 0), 0, "others in effect");
	is(caps_set(0, own, 0), 0, "fewer permitted");
	is_errno(caps_set(0, kill | own, 0), EPERM, "there is no way back");
	is_errno(caps_set(kill, own, 0), EPERM, "in effect is permitted");
	caps_are(0, own, 0, "nothing has changed");
	is(caps_set(0, 0, 0), 0, "none at all");
	is_errno(caps_set(0, own, 0), EPERM, "for good");
	caps_are(0, 0, 0, "none");
}

static void
set_inheritable(void)
{
	const uint64_t kill = BIT(CAP_KILL), own = BIT(CAP_CHOWN);
	const uint64_t pcap = BIT(CAP_SETPCAP);

	is(caps_set(ALL, ALL, kill), 0, "an inheritable one");
	is(caps_set(pcap, pcap, kill), 0, "stays without being permitted");
	is(caps_set(pcap, pcap, kill | own), 0,
	    "with CAP_SETPCAP any other within the bounds");
	is(caps_set(pcap, pcap, kill), 0, "and fewer again");
	must(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	is_errno(caps_set(pcap, pcap, kill | own), EPERM, "not beyond them");
	is(caps_set(0, pcap, kill), 0, "CAP_SETPCAP not in effect");
	is(caps_set(0, pcap, pcap), 0, "what is permitted is inheritable");
	is_errno(caps_set(0, pcap, BIT(CAP_FOWNER)), EPERM, "nothing else");
	is(caps_set(0, 0, pcap), 0, "what is inheritable stays so");
	is(caps_set(0, 0, 0), 0, "or does not");
	caps_are(0, 0, 0, "none");
}

/* A bound that was dropped later binds what is inherited anew. */
static void
set_beyond_bound(void)
{
	must(caps_set(ALL, ALL, BIT(CAP_KILL)));
	must(prctl(PR_CAPBSET_DROP, CAP_KILL));
	is(caps_set(ALL, ALL, BIT(CAP_KILL)), 0, "what is there may stay");
	is(caps_set(ALL, ALL, 0), 0, "and go");
	is_errno(caps_set(ALL, ALL, BIT(CAP_KILL)), EPERM, "and not come back");
}

static void
set_lowers_ambient(void)
{
	const uint64_t three = BIT(CAP_KILL) | BIT(CAP_CHOWN) | BIT(CAP_FOWNER);

	must(caps_set(ALL, ALL, three));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_CHOWN));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_FOWNER));
	must(caps_set(ALL, ALL, three & ~BIT(CAP_KILL)));
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_KILL), 0,
	    "ambient goes with inheritable");
	must(caps_set(0, three & ~BIT(CAP_CHOWN), three & ~BIT(CAP_KILL)));
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_CHOWN), 0, "and with permitted");
	is(ambient(PR_CAP_AMBIENT_IS_SET, CAP_FOWNER), 1, "but not in effect");
}

/* ---- of others ----------------------------------------------------------- */

static struct gate told, end;

static void
has_little(void)
{
	must(caps_set(
	    BIT(CAP_KILL), BIT(CAP_KILL) | BIT(CAP_CHOWN), BIT(CAP_FOWNER)));
	gate_open(&told);
	gate_wait(&end);
}

static void
test_others(void)
{
	struct caps c;
	pid_t pid;

	told = gate_make();
	end = gate_make();
	pid = spawn(has_little);
	gate_wait(&told);
	c = caps_of(pid);
	is(c.e, BIT(CAP_KILL), "another's, in effect");
	is(c.p, BIT(CAP_KILL) | BIT(CAP_CHOWN), "permitted");
	is(c.i, BIT(CAP_FOWNER), "inheritable");
	gate_open(&end);
	waitid(P_PID, pid, NULL, WEXITED | WNOWAIT);
	is(caps_of(pid).p, BIT(CAP_KILL) | BIT(CAP_CHOWN), "even a zombie's");
	is(wait_status(pid), 0, "it ended well");
	caps_are(ALL, ALL, 0, "a child's are its own");
	gate_close(&told);
	gate_close(&end);
}

/* ---- in /proc ------------------------------------------------------------ */

static void
status_has(const char *text, const char *name, uint64_t want)
{
	char line[64];

	snprintf(line, sizeof(line), "\n%s:\t%016llx\n", name, (long long)want);
	ok(strstr(text, line) != NULL, "status has %s %llx", name,
	    (long long)want);
}

static void
in_status(void)
{
	static char text[4096];
	const uint64_t i = BIT(CAP_KILL) | BIT(CAP_FOWNER);
	int fd;

	must(prctl(PR_CAPBSET_DROP, CAP_SYSLOG));
	must(caps_set(ALL, ALL, i));
	must(ambient(PR_CAP_AMBIENT_RAISE, CAP_KILL));
	must(caps_set(BIT(CAP_CHOWN), i | BIT(CAP_CHOWN), i));
	fd = must(open("/proc/self/status", O_RDONLY));
	must(read(fd, text, sizeof(text) - 1));
	status_has(text, "CapInh", i);
	status_has(text, "CapPrm", i | BIT(CAP_CHOWN));
	status_has(text, "CapEff", BIT(CAP_CHOWN));
	status_has(text, "CapBnd", ALL & ~BIT(CAP_SYSLOG));
	status_has(text, "CapAmb", BIT(CAP_KILL));
}

TEST(proc_caps)
{
	test_get();
	test_version_only();
	test_set_call();
	as_user(user_has_none);
	lives(acts_for_user, "who acts for a user");
	lives(set_too_many, "too many");
	lives(set_old_version, "one word");
	lives(set_less, "fewer");
	lives(set_inheritable, "inheritable ones");
	lives(set_beyond_bound, "beyond the bound");
	lives(set_lowers_ambient, "ambient ones");
	test_others();
	lives(in_status, "/proc/PID/status");
}
