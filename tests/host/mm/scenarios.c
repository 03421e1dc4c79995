/*
 * Several harts in the memory core at once, in many orders.
 *
 *	mm_schedules [--scenario NAME] [--seed N] [--seeds N]
 *
 * A scenario is a state and what each hart then does.  However the harts take
 * turns, what came of it must be what comes of doing the same operations whole,
 * one after the other, in some order that keeps each hart's own: every result,
 * every byte, every region; and the laws must hold.  --seeds says how many
 * orders of each scenario are tried; --seed with --scenario tries one again.
 *
 * The operations, S being a space, P a page (an index into the windows of
 * model.c), N a number of pages, O an object:
 *
 *	rS.P wS.P     a load, a store by the user    ES.P   a fetch
 *	KS.P kS.P     the same by the kernel at the user's address
 *	gS.P pS.P     mm_read, mm_write       PS.P   mm_write as a debugger
 *	iS.P.O.I      read(2) of page I of an object to user memory
 *	jS.P.O.I      write(2) to it, from user memory
 *	mS.P.N        mmap: zeroes            RS.P.N the same, read-only
 *	eS.P.N        the same, to be run too
 *	AS.P.N.O      the object, shared      FS.P.N.O  the object, private
 *	uS.P.N        munmap                  dS.P.N MADV_DONTNEED
 *	vS.P.N        mprotect: read-only     VS.P.N read and write
 *	nS.P.N        mprotect: nothing       XS.P.N read, write and execute
 *	WS.P.N        MADV_WIPEONFORK         DS.P.N MADV_DONTFORK
 *	YS.P.N        MADV_POPULATE_WRITE     cS.P.N mincore
 *	qS.P          what a futex is known by
 *	MS.P.N.Q      mremap to page Q
 *	bS.N          the break
 *	fS.T          fork: S has the child T xS     exit
 *	lS            S looks through all spaces
 *	oO.I          a write to page I of an object
 *	tO.H GO.H     an object is cut off, or grows, to H half pages
 *	CS.P.N        N pages are taken back from the cache
 *	BO            the file is written back    ZO  without taking W away, but
 *	                                          settled if nobody maps it
 *
 * Behind it may stand /W: it is about word W of the page, not the first;
 * @H: hart H does it, before all begin; !N: the N-th allocation fails.
 *
 * Pages 6 to 9 and 10 to 13 lie in two tables of two GiB, 14 to 17 and 18 to 21
 * in two tables of one.
 */
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/errno.h"
#include "mm/mm.h"
#include "schedule.h"
#include "world.h"

struct scenario {
	const char *name;
	const char *setup;
	const char *harts[SIM_HARTS];
};

static const struct scenario scenarios[] = {
    {"two spaces own the same table at once", "m0.14.4 w0.14 w0.15 f0.1",
	{"w0.14 r0.15", "w1.14 r1.15"}},
    {"two spaces own neighbours in one table", "m0.14.4 w0.14 w0.15 f0.1",
	{"w0.14 w0.15", "w1.15 w1.14"}},
    {"three spaces own the same table at once", "m0.14.4 w0.14 w0.15 f0.1 f0.2",
	{"w0.14 r0.15", "w1.14 r1.15", "w2.14 r2.15"}},
    {"three spaces own tables that are frozen",
	"m0.14.4 w0.14 w0.15 f0.1 r0.14 r1.14 f0.2",
	{"w0.14", "w1.14 r1.15", "w2.15 r2.14"}},
    {"fork against a sibling's write fault", "m0.14.4 w0.15",
	{"f0.1 r1.14", "w0.14 w0.15"}},
    {"fork against a sibling that writes on", "m0.14.4 w0.14 w0.18",
	{"f0.1 w0.14", "w0.14 w0.14 w0.14"}},
    {"fork against two siblings that write", "m0.6.8 w0.9 w0.10",
	{"f0.1 r1.9", "w0.9 w0.10", "w0.10 w0.9"}},
    {"two siblings fork at once", "m0.6.8 w0.9 w0.10",
	{"f0.1 w1.9", "f0.2 w2.10", "w0.9"}},
    {"fork against munmap", "m0.14.8 w0.17 w0.18",
	{"f0.1 r1.17 r1.18", "u0.17.2 r0.17"}},
    {"fork against mprotect", "m0.14.8 w0.17 w0.18",
	{"f0.1 w1.17", "v0.17.2 w0.17"}},
    {"fork against madvise", "m0.14.8 w0.17 w0.18",
	{"f0.1 r1.17 r1.18", "d0.17.2 w0.18"}},
    {"fork against mremap", "m0.14.4 w0.14 w0.15",
	{"f0.1 r1.14 r1.6", "M0.14.2.6 w0.6"}},
    {"fork against the break", "b0.2 w0.0 w0.1",
	{"f0.1 r1.1", "b0.1 w0.0", "r0.1"}},
    {"fork of the child against the parent's write", "m0.14.4 w0.14 f0.1",
	{"f1.2 r2.14", "w0.14 r0.14", "r1.14"}},
    {"fork of a wiped region against a write", "m0.14.4 W0.14.2 w0.14 w0.16",
	{"f0.1 r1.14 r1.16", "w0.14 w0.16"}},
    {"fork of a region left out against a write", "m0.14.4 D0.14.2 w0.14 w0.16",
	{"f0.1 r1.14 r1.16", "w0.14 w0.16"}},
    {"fork without memory against a write", "m0.14.4 W0.14.2 w0.14 w0.16",
	{"f0.1!3", "w0.14 w0.16"}},
    {"exit of the last sharer against own", "m0.14.4 w0.14 w0.15 f0.1",
	{"w0.14 w0.15", "x1"}},
    {"exit of the last sharer against thaw",
	"m0.14.4 w0.14 w0.15 f0.1 r0.14 r1.14", {"w0.14 w0.15", "x1"}},
    {"exit of one sharer, two own", "m0.14.4 w0.14 w0.15 f0.1 f0.2",
	{"w0.14 r0.15", "w1.15 r1.14", "x2"}},
    {"two exits, one owns", "m0.14.4 w0.14 w0.15 f0.1 f0.2",
	{"w0.14 w0.15", "x1", "x2"}},
    {"all exit at once", "m0.6.8 w0.9 w0.10 f0.1 f0.2 r1.9 w2.10",
	{"x0", "x1", "x2"}},
    {"freeze against freeze", "m0.14.8 w0.17 w0.18 f0.1",
	{"r0.17 r0.18", "r1.18 r1.17"}},
    {"freeze against freeze, three spaces", "m0.14.8 w0.17 w0.18 f0.1 f0.2",
	{"r0.17 r0.18", "r1.18 r1.17", "r2.17"}},
    {"warm against freeze", "m0.14.8 w0.17 w0.18 f0.1 r0.17",
	{"r0.18", "w1.18 r1.17"}},
    {"warm of what is owned again", "m0.14.8 w0.17 w0.18 f0.1 x1",
	{"r0.17 w0.18", "w0.17 r0.18"}},
    {"thaw against fork", "m0.14.4 w0.14 w0.15 f0.1 r0.14 r1.14 x1",
	{"w0.14 w0.15", "f0.2 r2.14"}},
    {"thaw against a reader of the old table",
	"m0.14.4 w0.14 w0.15 f0.1 r0.14 r1.14 w0.15 x1",
	{"w0.14", "r0.14 r0.15", "w0.15"}},
    {"truncate against fault", "A0.14.4.0 A1.6.4.0 w0.15 w1.6",
	{"t0.2", "w0.15 w0.14", "r1.7 r1.6"}},
    {"truncate against a private copy", "F0.14.4.2 w0.15 r0.16 f0.1",
	{"t2.2", "w0.16 r0.15", "w1.15"}},
    {"truncate against fork", "A0.14.4.0 w0.15 w0.14",
	{"t0.2", "f0.2 r2.14", "w0.14"}},
    {"truncate and grow against fault", "A0.14.4.1 w0.15 w0.16",
	{"t1.3 G1.8", "w0.14 r0.17"}},
    {"truncate against fork of a region left out",
	"A0.14.4.0 D0.14.2 w0.15 w0.16", {"t0.1", "f0.2 r2.16", "w0.14"}},
    {"truncate against the exit of who maps it",
	"A0.14.4.0 A1.6.4.0 A2.6.4.0 w0.15 w1.6 r2.7",
	{"t0.2", "x1", "x2 r0.14"}},
    {"truncate against read(2)", "A0.18.4.0 r0.19 u0.18.4 m0.14.1 w0.14",
	{"t0.1", "i0.14.0.1 i0.14.0.1"}},
    {"a write(2) that fails beyond the end against read(2)",
	"A0.18.4.0 r0.19 u0.18.4 m0.14.1 w0.14",
	{"t0.1 j0.20.0.1 j0.20.0.1 j0.20.0.1 j0.20.0.1", "i0.14.0.1"}},
    {"all spaces are looked through while one exits", "m0.14.2 w0.14 f0.1",
	{"x1", "l0", "l0 w0.14"}},
    {"two siblings map at once", "m0.14.2",
	{"m0.6.2 w0.6", "m0.18.2 w0.18", "u0.15.1"}},
    {"two threads fault the same page", "m0.14.4",
	{"w0.14 r0.14", "w0.14 r0.14"}},
    {"a read and a write fault of the same page", "m0.14.4",
	{"r0.14 r0.14", "w0.14", "r0.14"}},
    {"two threads break sharing of one page", "m0.14.4 w0.14 w0.15 f0.1",
	{"w0.14 r0.15", "w0.15 r0.14", "r0.14 r0.15"}},
    {"a sibling keeps reading while sharing is broken",
	"m0.14.4 w0.14 w0.15 f0.1 r0.14 r1.14",
	{"w0.14", "r0.14 r0.14", "w1.14 w1.14"}},
    {"a sibling's old view of a page that its last holder reuses",
	"m0.14.4 w0.14 f0.1 r0.14 r1.14 w1.15",
	{"w0.14 r0.14", "r0.14 r0.14", "w1.14"}},
    {"what a sibling writes to the copy is seen in order",
	"m0.14.4 A0.18.1.0 w0.14 w0.18 f0.1 r1.14 w0.18 r0.14",
	{"w0.15", "w0.14 w0.18", "r0.18 r0.14"}},
    {"what siblings write to one copy is seen in order",
	"m0.14.4 A0.18.1.0 w0.14 w0.18 f0.1 r1.14 w0.18 r0.14",
	{"w0.14", "w0.14 w0.18", "r0.18 r0.14 r0.14"}},
    {"mremap against fault", "m0.14.4 w0.14 w0.15",
	{"M0.14.2.20", "w0.15 r0.14", "r0.20"}},
    {"mremap of shared tables against the other's write",
	"m0.14.4 w0.14 w0.15 f0.1", {"M0.14.2.20 w0.20", "w1.14 r1.15"}},
    {"mremap against the other's exit", "m0.14.4 w0.14 w0.15 m0.9.1 w0.9 f0.1",
	{"M0.14.2.7 w0.7", "x1"}},
    {"munmap against fault", "m0.14.8 w0.17 w0.18",
	{"u0.17.2", "w0.18 r0.17", "r0.18"}},
    {"munmap of shared tables against the other's write",
	"m0.6.8 w0.9 w0.10 f0.1", {"u0.8.4", "w1.9 r1.10"}},
    {"mincore against munmap", "m0.14.4 w0.15 w0.16",
	{"c0.14.4 c0.15.2", "u0.14.4"}},
    {"a futex's name against munmap", "A0.14.2.0 A0.16.2.1 A0.18.2.2 f0.1",
	{"q0.16 q0.18", "u0.14.2", "u1.16.2 q1.18"}},
    {"munmap and a new mapping against a stale reader", "m0.14.4 w0.14",
	{"u0.14.1 m0.14.1 w0.14", "r0.14 r0.14"}},
    {"mprotect against a write", "m0.14.4 w0.14 w0.15",
	{"v0.14.2 V0.14.1", "w0.15 w0.14", "r0.15"}},
    {"mprotect to nothing against a read", "m0.14.4 w0.14 w0.15",
	{"n0.14.2", "r0.15 r0.14", "w0.14"}},
    {"mprotect of shared tables against the other's write",
	"m0.14.4 w0.14 f0.1 r0.14 r1.14", {"v0.14.2", "w1.14", "r0.14"}},
    {"drop of the last count on two harts",
	"m0.14.4 w0.14 w0.15 f0.1 r0.14 r1.14", {"u0.14.4", "u1.14.4"}},
    {"both holders of a page let go or copy", "m0.14.4 w0.14 f0.1 r0.14 r1.14",
	{"w0.14 r0.14", "w1.14 r1.14"}},
    {"the kernel writes a wait status against fork", "m0.14.4 w0.14 w0.15",
	{"k0.14 K0.15", "f0.1 r1.14"}},
    {"the kernel writes into a page that two share",
	"m0.14.4 w0.14 f0.1 r0.14 r1.14", {"k0.14", "k1.14 K1.14", "x2"}},
    {"read(2) into a shared page against fork", "m0.14.4 w0.14",
	{"i0.14.2.1 r0.14", "f0.1 r1.14", "o2.1"}},
    {"a debugger writes while the program does", "m0.14.4 w0.14 f0.1",
	{"r0.14 w0.14", "p0.14 g0.14", "w1.14"}},
    {"a debugger reads while tables are copied", "m0.14.4 w0.14 w0.15 f0.1",
	{"w0.14", "g0.14 g0.15", "g1.14 w1.15"}},
    {"a debugger writes into read-only memory", "R0.14.2 r0.14",
	{"P0.14 g0.14", "r0.14 r0.14"}},
    {"a debugger writes where the program may not", "R0.14.2 r0.14",
	{"P0.14 g0.14", "w0.14 r0.14", "w0.14"}},
    {"a debugger writes where nobody may look", "m0.14.2 w0.14 n0.14.2",
	{"P0.14 g0.14", "w0.14 r0.14", "r0.14"}},
    {"a debugger writes into a shared page that is read-only",
	"m0.14.2 w0.14 v0.14.2 f0.1", {"P0.14 g0.14", "w0.14 r0.14", "r1.14"}},
    {"a debugger writes code that is run",
	"e0.14.8 w0.14 w0.18 E0.14@0 E0.14@1",
	{"p0.14 w0.18 E0.14", "E0.14 E0.14 E0.14 E0.14 r0.18 E0.14"}},
    {"private file page against a write to the file", "F0.14.4.2 F1.14.4.2",
	{"r0.14 w0.14 r0.14", "o2.0", "w1.14"}},
    {"shared memory across fork", "A0.14.4.0 w0.14 f0.1",
	{"w0.14 r0.15", "w1.15 r1.14", "u0.16.2"}},
    {"regions' block is copied on two sides", "m0.6.4 f0.1",
	{"m0.14.2 w0.14", "m1.14.2 r1.14"}},
    {"regions' block against exit", "A0.6.4.0 f0.1 f0.2",
	{"u0.6.1 r0.7", "x1", "v2.6.2"}},
    {"break of one against mapping of the other", "b0.2 w0.1 f0.1",
	{"b0.3 w0.2", "b1.1 m1.1.1", "w0.1"}},
    {"own without memory against own", "m0.14.4 w0.14 w0.15 f0.1",
	{"w0.14!2", "w1.14 r1.15", "r0.15"}},
    {"memory below shared tables is asked for, and each time one is missing",
	"m0.14.8 w0.17 w0.18 f0.1 Y0.16.4!1 Y0.16.4!2 Y0.16.4!3 Y0.16.4!4 "
	"Y0.16.4!5 Y0.16.4!6 Y0.16.4!7",
	{"Y0.16.4 w0.17", "w1.18 r1.17"}},
    {"munmap without memory against fork", "m0.14.8 w0.17 w0.18 f0.1",
	{"u0.17.2!2 r0.17", "f1.2 w2.18", "w1.17"}},
    {"pages that are run are copied", "e0.14.4 w0.14 w0.15 f0.1",
	{"w0.14 r0.15", "w1.15 r1.14"}},
    {"a copied page with code in it is run at once",
	"e0.14.4 w0.14 w0.15 f0.1 E0.14 E1.14",
	{"w0.15 E0.14", "E1.14 w1.15 E1.15", "E0.14 E0.15"}},
    {"a fresh page is run where another's code was",
	"e1.14.4 e0.14.4 m1.6.4 w1.17 w1.6 w0.14 w0.15 E0.14 E0.15 x0 "
	"w1.7 w1.8 w1.9",
	{"E1.16 E1.16", "w1.16 E1.16"}},
    {"a child runs its parent's code where another's was",
	"e1.14.4 e0.14.4 m1.6.4 w1.17 w1.6 w0.14 w0.15 E0.14@2 E0.15@2 x0 "
	"w1.7 w1.8 w1.9 w1.16/1 f1.2",
	{"r1.16", "E1.17", "E2.16"}},
    {"code that was written before it may be run",
	"m1.14.4 e0.14.4 m1.6.4 w1.17 w1.6 w0.14 w0.15 E0.14@1 E0.15@1 x0 "
	"w1.7 w1.8 w1.9",
	{"r1.17", "w1.16/1 X1.16.1 E1.16", "w1.17"}},
    {"write-back against a write fault", "A0.14.4.2 w0.14",
	{"B2", "w0.14 w0.15", "w0.14 r0.15"}},
    {"write-back against two spaces that write", "A0.14.4.2 w0.14 f0.1 w1.14",
	{"B2", "w0.14 r0.15", "w1.14 w1.15"}},
    {"write-back against spaces with tables of their own",
	"A0.14.4.2 A1.6.4.2 w0.14 w1.6", {"B2", "w0.14 w0.15", "w1.6 w1.7"}},
    {"write-back against fork", "A0.14.4.2 w0.14 w0.15",
	{"B2", "f0.1 w1.14 w1.15", "w0.15 w0.14"}},
    {"write-back below cold links", "A0.14.4.2 w0.14 w0.15 f0.1",
	{"B2", "w0.14", "w1.15 w1.14"}},
    {"write-back while cold links become valid again",
	"A0.14.4.2 w0.14 w0.15 f0.1", {"B2 B2", "x1", "w0.14 w0.15"}},
    {"write-back against a thaw",
	"A0.14.2.2 m0.16.2 w0.14 w0.16 f0.1 r0.14 r1.16 x1",
	{"B2", "w0.16 w0.14", "w0.14 r0.16"}},
    {"write-back against mprotect", "A0.14.4.2 w0.14",
	{"B2", "v0.14.2 V0.14.2 w0.14", "w0.14 w0.15"}},
    {"write-back against mremap", "A0.14.4.2 w0.14 w0.15",
	{"B2", "M0.14.2.6 w0.6", "w0.15"}},
    {"write-back against munmap", "A0.14.4.2 w0.14 w0.15",
	{"B2 B2", "w0.14 u0.14.2", "w0.14 w0.15"}},
    {"write-back against exit", "A0.14.4.2 w0.14 f0.1 w1.14",
	{"B2 B2", "w1.14 x1", "w0.14 w0.15"}},
    {"write-back against truncation", "A0.14.4.2 w0.14 w0.15",
	{"B2", "t2.2 G2.8", "w0.14 w0.15"}},
    {"write-back against truncation in a page", "A0.14.4.2 w0.14 w0.15",
	{"B2 B2", "t2.3 G2.8", "w0.15 w0.16"}},
    {"write-back against write(2)", "A0.14.4.2",
	{"B2 B2", "o2.0 o2.1 o2.5", "w0.14 r0.15"}},
    {"write-back against the kernel and a debugger", "A0.14.4.2 w0.14 w0.15",
	{"B2", "k0.14 k0.15", "p0.14 g0.15"}},
    {"two that write back at once", "A0.14.4.2 w0.14 w0.15",
	{"B2", "Z2 B2", "w0.14 w0.15 w0.14"}},
    {"the last munmap against write-back", "A0.14.4.2 w0.14 w0.15",
	{"u0.14.4", "Z2 Z2", "w0.14 w0.15 w0.14 w0.15"}},
    {"a fixed mapping over the last one against write-back",
	"A0.14.4.2 w0.14 w0.15",
	{"m0.14.4", "Z2 Z2", "w0.14 w0.15 w0.14 w0.15"}},
    {"mremap over the last mapping against write-back",
	"A0.14.2.2 w0.14 w0.15 m0.18.2 w0.18",
	{"M0.18.2.14", "Z2 Z2", "w0.14 w0.15 w0.14 w0.15"}},
    {"exit of the last mapping against write-back",
	"A0.14.4.2 w0.14 w0.15 f0.1", {"x0", "Z2 Z2", "w1.14 u1.14.4"}},
    {"write-back against a fault without memory", "A0.14.4.2 w0.15",
	{"B2", "w0.14!1 w0.15!1 w0.16", "w0.15"}},
    {"reclaim against faults", "F0.14.4.2 r0.14 u0.14.4 F0.14.4.2",
	{"C0.14.4 C0.14.4", "r0.14 w0.15 r0.16", "r0.17 r0.14"}},
    {"reclaim against read(2) and write(2)", "m0.14.4 w0.14 o2.0 B2",
	{"C1.14.4 C1.14.4", "i0.14.2.0 i0.15.2.1", "o2.0 o2.1 B2"}},
    {"reclaim against write-back", "A0.14.4.2 w0.14 u0.14.4 A0.14.4.2",
	{"B2", "C0.14.4 C0.14.4 r0.14", "w0.15 w0.14"}},
    {"reclaim against truncation", "o2.0 o2.1 o2.3 B2",
	{"C0.14.8 C0.14.8", "t2.2 G2.8", "o2.1"}},
    {"two that reclaim at once", "F0.14.4.2 r0.14 u0.14.4 F0.14.4.2",
	{"C0.14.4 C0.14.4", "C0.14.2 C0.14.2 C0.14.2", "r0.15 w0.14"}},
    {"pages are mapped around while they go", "A0.14.4.2 r0.14 w0.15 u0.14.4",
	{"A0.14.4.2 r0.15", "C1.14.4 C1.14.4 B2 C1.14.4", "o2.2 t2.4"}},
    {"a file is cut off against write faults", "A0.14.4.2 A1.6.4.2 w0.14",
	{"t2.2 o2.1", "w0.15 w0.14", "w1.7 w1.6"}},
};

/* ---- text to operations ------------------------------------------------- */

#define MAX_OPS 12

struct plan {
	struct op ops[MAX_OPS * 2];
	u32 nr;
};

static struct plan setup;
static struct plan plans[SIM_HARTS];
static u32 nr_plans;
static u32 next_value;

/* Pages that the scenario is about. */
static u8 pages[MAX_OPS * 2 * (SIM_HARTS + 1) * 2];
static u32 nr_pages;

/* Which fields the numbers of an operation go to, in order. */
static const struct letter {
	char letter;
	u8 kind;
	const char *fields; /* s space, t to, p page, n pages, q target,
			       o object, i offset */
	struct op rest;
} letters[] = {
    {'r', OP_READ, "sp", {0}},
    {'w', OP_WRITE, "sp", {0}},
    {'E', OP_EXEC, "sp", {0}},
    {'K', OP_KREAD, "sp", {0}},
    {'k', OP_KWRITE, "sp", {0}},
    {'g', OP_MREAD, "sp", {0}},
    {'p', OP_MWRITE, "sp", {0}},
    {'P', OP_MWRITE, "sp", {.force = true}},
    {'i', OP_FREAD, "spoi", {0}},
    {'j', OP_FWRITE, "spoi", {0}},
    {'m', OP_MMAP, "spn", {.prot = 3, .fixed = true}},
    {'R', OP_MMAP, "spn", {.prot = 1, .fixed = true}},
    {'e', OP_MMAP, "spn", {.prot = 7, .fixed = true}},
    {'A', OP_MMAP, "spno", {.prot = 3, .fixed = true, .flags = MM_SHARED}},
    {'F', OP_MMAP, "spno", {.prot = 3, .fixed = true}},
    {'u', OP_MUNMAP, "spn", {0}},
    {'d', OP_MADVISE, "spn", {.advice = MADV_DONTNEED}},
    {'W', OP_MADVISE, "spn", {.advice = MADV_WIPEONFORK}},
    {'D', OP_MADVISE, "spn", {.advice = MADV_DONTFORK}},
    {'Y', OP_MADVISE, "spn", {.advice = MADV_POPULATE_WRITE}},
    {'c', OP_MINCORE, "spn", {0}},
    {'q', OP_FUTEX, "sp", {0}},
    {'v', OP_MPROTECT, "spn", {.prot = 1}},
    {'V', OP_MPROTECT, "spn", {.prot = 3}},
    {'X', OP_MPROTECT, "spn", {.prot = 7}},
    {'n', OP_MPROTECT, "spn", {.prot = 0}},
    {'M', OP_MREMAP, "spnq", {.flags = MREMAP_MAYMOVE | MREMAP_FIXED}},
    {'b', OP_BRK, "sn", {0}},
    {'f', OP_FORK, "st", {0}},
    {'x', OP_EXIT, "s", {0}},
    {'l', OP_LOOK, "s", {0}},
    {'o', OP_OWRITE, "oi", {0}},
    {'t', OP_TRUNCATE, "oi", {0}},
    {'G', OP_GROW, "oi", {0}},
    {'C', OP_RECLAIM, "spn", {0}},
    {'B', OP_WRITEBACK, "o", {0}},
    {'Z', OP_WRITEBACK, "o", {.force = true}},
};

static void
set_field(struct op *op, char field, u32 n)
{
	switch (field) {
	case 's':
		op->space = n;
		break;
	case 't':
		op->to = n;
		break;
	case 'p':
		op->page = op->last = n;
		break;
	case 'n':
		op->count = op->grown = n;
		op->last = op->page + n - 1;
		break;
	case 'q':
		op->target = n;
		break;
	case 'o':
		op->object = n;
		break;
	case 'i':
		op->offset = n;
		break;
	}
}

static struct op
parse_op(char **text, u32 hart)
{
	const struct letter *l = letters;
	const char *field;
	struct op op;

	while (l->letter != **text)
		if (++l == letters + ARRAY_SIZE(letters))
			sim_fail("what is '%s'?", *text);
	op = l->rest;
	op.kind = l->kind;
	op.hart = hart;
	op.object = NR_OBJECTS;
	op.value = next_value++;
	for (field = l->fields; *field != 0; field++)
		set_field(&op, *field, strtoul(*text + 1, text, 10));
	if (**text == '/')
		op.word = strtoul(*text + 1, text, 10);
	if (**text == '@')
		op.hart = strtoul(*text + 1, text, 10);
	if (**text == '!')
		op.fail = strtoul(*text + 1, text, 10);
	return op;
}

static void
note_pages(const struct op *op)
{
	if (op->page == 0 && op->kind != OP_BRK)
		return;
	pages[nr_pages++] = op->page;
	if (op->last > op->page)
		pages[nr_pages++] = op->last;
}

static void
load_something(u32 hart)
{
	sim_speculate(hart, window_va[pages[sim_whim(nr_pages)]]);
}

static void
parse(struct plan *plan, const char *text, u32 hart)
{
	char *at = (char *)text;

	plan->nr = 0;
	while (*at != 0) {
		if (plan->nr == ARRAY_SIZE(plan->ops))
			sim_fail("too many operations: %s", text);
		plan->ops[plan->nr] = parse_op(&at, hart);
		note_pages(&plan->ops[plan->nr++]);
		while (*at == ' ')
			at++;
	}
}

/* ---- in some order ------------------------------------------------------ */

static const char *nearest; /* how the last order that fits differs */

/* Does the operation in the model; false if that comes to another result. */
static bool
agrees(struct model *m, const struct op *op)
{
	if (!op->done || (op->fail != 0 && op->result == -ENOMEM))
		return true;
	return model_do(m, op) == op->result;
}

/* Is what there is what some order from here on comes to? */
static bool
some_order(const struct model *m, u32 *at)
{
	struct model next;
	bool over = true;
	u32 h;

	for (h = 0; h < nr_plans; h++) {
		if (at[h] == plans[h].nr)
			continue;
		over = false;
		next = *m;
		if (!agrees(&next, &plans[h].ops[at[h]]))
			continue;
		at[h]++;
		if (some_order(&next, at))
			return true;
		at[h]--;
	}
	if (!over)
		return false;
	nearest = world_differs(m);
	if (nearest == NULL)
		world.model = *m;
	return nearest == NULL;
}

/* ---- one run ------------------------------------------------------------ */

#define LOADS_BEFORE 6

static const struct scenario *scenario;
static u64 seed;

static void
tell(void)
{
	char text[OP_TEXT];
	u32 h, i;

	fprintf(stderr, "--scenario '%s' --seed %lu\n", scenario->name, seed);
	fprintf(stderr, "setup: %s\n", scenario->setup);
	for (h = 0; h < nr_plans; h++)
		for (i = 0; i < plans[h].nr; i++) {
			op_print(text, &plans[h].ops[i]);
			fprintf(stderr, "    %s%s\n", text,
			    plans[h].ops[i].done ? "" : " (not done)");
		}
}

static void
run_plan(u32 hart)
{
	u32 i;

	for (i = 0; i < plans[hart].nr; i++) {
		struct op *op = &plans[hart].ops[i];

		if (world_can(op))
			world_do(op);
	}
}

/* Spaces 0 and 1 are there from the beginning; a fork makes way for its own. */
static void
begin(void)
{
	struct op op = {.kind = OP_CREATE};
	u32 i;

	world_reset(seed * 2 + 1);
	sim_max_faults = SIM_FAULTS_ALONE;
	world_step(&op);
	for (i = 0; i < setup.nr; i++) {
		op = setup.ops[i];
		if (!world_can(&op)) {
			op = (struct op){.kind = OP_CREATE, .space = op.space};
			world_step(&op);
			op = setup.ops[i];
		}
		world_step(&op);
	}
}

/* Each hart has run its space before and keeps what it saw. */
static void
fill_caches(void)
{
	u32 h, i;

	for (h = 0; h < nr_plans; h++) {
		struct mm *mm = world.mms[plans[h].ops[0].space];

		sim_hart = h;
		if (mm != NULL)
			sim_switch(mm_space(mm));
		for (i = 0; i < LOADS_BEFORE; i++)
			load_something(h);
	}
}

/* How often faults of others may come in between. */
#define FAULTS_TOGETHER 16

static u32
run_once(u32 places)
{
	u32 at[SIM_HARTS] = {0};
	struct model start;
	u32 h;

	next_value = 1000;
	nr_pages = 0;
	parse(&setup, scenario->setup, 0);
	nr_plans = 0;
	for (h = 0; h < SIM_HARTS && scenario->harts[h] != NULL; h++)
		parse(&plans[nr_plans++], scenario->harts[h], h);
	begin();
	fill_caches();
	sim_max_faults = FAULTS_TOGETHER;
	places = schedule_run(nr_plans, run_plan, seed, places);
	start = world.model;
	nearest = "no order comes to these results";
	if (!some_order(&start, at))
		sim_fail("%s", nearest);
	world_check(true);
	world_end();
	return places;
}

static u32 number;

static void
tell_not_ok(void)
{
	printf("not ok %u - %s\n", number, scenario->name);
	fflush(stdout);
	tell();
}

static void
run_scenario(u64 first, u64 seeds)
{
	u32 places = 1;

	sim_on_failure = tell_not_ok;
	schedule_load = load_something;
	/* Once for the number of places; every run's, so that it is known. */
	seed = 0;
	places = run_once(places);
	for (seed = first; seed < first + seeds; seed++)
		run_once(places);
	printf("ok %u - %s (%lu orders of %u places)\n", number, scenario->name,
	    seeds, places);
}

int
main(int argc, char **argv)
{
	const char *only = NULL;
	u64 first = 1, seeds = 100;
	u32 i;
	int a;

	for (a = 1; a + 1 < argc; a += 2) {
		if (strcmp(argv[a], "--scenario") == 0)
			only = argv[a + 1];
		else if (strcmp(argv[a], "--seeds") == 0)
			seeds = strtoul(argv[a + 1], NULL, 0);
		else if (strcmp(argv[a], "--seed") == 0)
			first = strtoul(argv[a + 1], NULL, 0), seeds = 1;
		else
			break;
	}
	if (a != argc) {
		fprintf(stderr,
		    "usage: mm_schedules [--scenario NAME] "
		    "[--seed N] [--seeds N]\n");
		return 2;
	}
	sim_tell_of_crashes();
	for (i = 0; i < ARRAY_SIZE(scenarios); i++) {
		scenario = &scenarios[i];
		if (only != NULL && strcmp(only, scenario->name) != 0)
			continue;
		number++;
		run_scenario(first, seeds);
	}
	printf("1..%u\n", number);
	return number == 0;
}
