/*
 * The sharing protocol of kernel/mm/tree.c and kernel/mm/fault.c, for spin:
 * up to three address spaces over one path
 *
 *	root entry -> level-1 table -> level-0 table -> NPAGES pages
 *
 * and harts whose caches keep whatever they could ever have loaded, until a
 * fence.  README.md says which step stands for which function of the kernel,
 * what is bounded, and what each mutant (the names in #ifdef) does wrong.
 *
 * A step is at most one atomic operation of the kernel on memory that others
 * may look at: one load, one store, or one read-modify-write.  What only its
 * owner can look at rides along: locals, the space's own root entry (under its
 * lock), a table that has not been linked yet or has lost its last link.
 */

/*
 * What the search is about, with -DTWO_SPACES and so on.  SPACE(h) is the space
 * that hart h runs, FIRST(s) to LAST(s) are the harts that run space s.
 */
#if defined(TWO_SPACES)
#define SPACES   2
#define HARTS    2
#define TABLES   3
#define PAGES    4
#define SPACE(h) (h)
#define FIRST(s) (s)
#define LAST(s)  (s)
#elif defined(THREE_SPACES)
#define SPACES   3
#define HARTS    3
#define TABLES   4
#define PAGES    5
#define SPACE(h) (h)
#define FIRST(s) (s)
#define LAST(s)  (s)
#elif defined(TWO_HARTS)
/* Harts 0 and 1 run space 0, hart 2 runs space 1. */
#define SPACES   2
#define HARTS    3
#define TABLES   3
#define PAGES    4
#define SPACE(h) ((h) / 2)
#define FIRST(s) (2 * (s))
#define LAST(s)  (1 + (s))
#elif defined(TWO_PAGES)
#define SPACES   2
#define HARTS    2
#define NPAGES   2
#define TABLES   3
#define PAGES    6
#define SPACE(h) (h)
#define FIRST(s) (s)
#define LAST(s)  (s)
#endif

#ifndef NPAGES
#define NPAGES 1
#endif
#ifndef OPS
#define OPS 6
#endif

#define NONE 7 /* no node */

/* An entry of the root or of a level-1 table. */
#define EMPTY 0
#define COLD  1
#define LINK  2
/* A leaf. */
#define READ  1
#define WRITE 2

/* Root entries. */
byte root_kind[SPACES];
byte root_to[SPACES];
/* Level-1 tables, with the one entry that is on the path. */
byte refs1[TABLES];
bit frozen1[TABLES];
byte kind1[TABLES];
byte to1[TABLES];
/* Level-0 tables, with NPAGES entries. */
byte refs0[TABLES];
bit frozen0[TABLES];
byte kind0[TABLES * NPAGES];
byte to0[TABLES * NPAGES];
/* Data pages, a bit of data each.  Page 0 is the zero page. */
byte refs[PAGES];
bit data[PAGES];

bit used[SPACES];  /* the space exists */
bit alive[SPACES]; /* and may run */
bit lock[SPACES];
byte busy; /* operations under way */
byte left = OPS; /* operations that may still begin */

/* What an eager copy at fork would have made of it: the reference. */
bit ghost[SPACES * NPAGES];

/*
 * A hart's caches, as sets (bit n: node n): the tables that it knows to be on
 * the path, and for each address the pages that it may read and write.
 */
byte tlb1[HARTS];
byte tlb0[HARTS];
byte tlb_read[HARTS * NPAGES];
byte tlb_write[HARTS * NPAGES];
bit in_user[HARTS];

hidden byte x, y, z, n; /* scratch inside one step */

/* ---- hardware ------------------------------------------------------------ */

/*
 * Every hart loads what it can find from what it has.  More in a cache only
 * means more that may happen, and every access picks what it likes from the
 * set, so loading all of it at once covers every order of loads and of
 * evictions.
 */
inline load_caches()
{
	x = 0;
	do
	:: x < HARTS ->
		if
		:: alive[SPACE(x)] ->
			if
			:: root_kind[SPACE(x)] == LINK ->
				tlb1[x] = tlb1[x] | (1 << root_to[SPACE(x)])
			:: else
			fi;
			y = 0;
			do
			:: y < TABLES ->
				if
				:: ((tlb1[x] >> y) & 1) && kind1[y] == LINK ->
					tlb0[x] = tlb0[x] | (1 << to1[y])
				:: else
				fi;
				y++
			:: else -> break
			od;
			y = 0;
			do
			:: y < TABLES * NPAGES ->
				if
				:: ((tlb0[x] >> (y / NPAGES)) & 1) &&
				   kind0[y] != EMPTY ->
					z = x * NPAGES + y % NPAGES;
					tlb_read[z] = tlb_read[z] |
						(1 << to0[y]);
					if
					:: kind0[y] == WRITE ->
						tlb_write[z] = tlb_write[z] |
							(1 << to0[y])
					:: else
					fi
				:: else
				fi;
				y++
			:: else -> break
			od
		:: else
		fi;
		x++
	:: else -> break
	od;
	check_reads()
}

/* Whatever a program may read now is what it should be. */
inline check_reads()
{
	x = 0;
	do
	:: x < HARTS * NPAGES ->
		if
		:: alive[SPACE(x / NPAGES)] && in_user[x / NPAGES] ->
			y = 0;
			do
			:: y < PAGES ->
				assert(!((tlb_read[x] >> y) & 1) ||
				    data[y] == ghost[SPACE(x / NPAGES) *
					NPAGES + x % NPAGES]);
				y++
			:: else -> break
			od
		:: else
		fi;
		x++
	:: else -> break
	od;
	x = 0; y = 0; z = 0
}

inline empty_caches(hart)
{
	tlb1[hart] = 0;
	tlb0[hart] = 0;
	y = 0;
	do
	:: y < NPAGES ->
		tlb_read[(hart) * NPAGES + y] = 0;
		tlb_write[(hart) * NPAGES + y] = 0;
		y++
	:: else -> break
	od
}

/* sfence.vma on one hart. */
inline fence(hart)
{
	d_step {
		empty_caches(hart);
		load_caches();
		if
		:: (hart) == h -> stale = 0
		:: else
		fi
	}
}

/* tlb_flush: returns when each hart of the space has fenced. */
inline flush()
{
#ifdef FLUSH_LOCAL_ONLY
	fence(h)
#else
	at = FIRST(s);
	do
	:: at <= LAST(s) -> d_step {
		empty_caches(at);
		load_caches();
		if
		:: at == h -> stale = 0
		:: else
		fi;
		at++
	}
	:: else -> break
	od;
	at = 0
#endif
}

/*
 * tlb_flush_page: the others fence everything, this hart only what it has of
 * one page.
 */
inline flush_page()
{
#ifdef FLUSH_LOCAL_ONLY
	fence(h)
#else
	at = FIRST(s);
	do
	:: at <= LAST(s) -> d_step {
		if
		:: at == h ->
			tlb_read[h * NPAGES + i] = 0;
			tlb_write[h * NPAGES + i] = 0;
			stale = 0
		:: else -> empty_caches(at)
		fi;
		load_caches();
		at++
	}
	:: else -> break
	od;
	at = 0
#endif
}

/* tlb_fence_local */
inline fence_local()
{
#ifdef NO_LOCAL_FENCE
	skip
#else
	fence(h)
#endif
}

/* ---- nodes --------------------------------------------------------------- */

/* The pool is large enough: that is asserted. */
#define new_node(counts, size, out) \
	n = 0; \
	do \
	:: n < size && counts[n] != 0 -> n++ \
	:: else -> break \
	od; \
	assert(n < size); \
	out = n; \
	counts[n] = 1; \
	n = 0

/* A node is freed: no hart has a way to it. */
#define check_freed(caches, node) \
	x = 0; \
	do \
	:: x < HARTS -> \
		assert(!((caches[x] >> (node)) & 1)); \
		x++ \
	:: else -> break \
	od; \
	x = 0

/*
 * refcount_get and refcount_put; last says whether it was the last one.  (Spin
 * has no arrays as arguments but those of the preprocessor.)
 */
#ifdef NON_ATOMIC_GET
#define get(counts, node) \
	tmp = counts[node]; \
	d_step { counts[node] = tmp + 1; tmp = 0 }
#else
#define get(counts, node) d_step { \
	assert(counts[node] > 0); \
	counts[node]++ \
}
#endif

#ifdef NON_ATOMIC_DROP
#define before_put(counts, node) tmp = counts[node];
#define put(counts, node) \
	counts[node] = tmp - 1; \
	tmp = 0
#else
#define before_put(counts, node)
#define put(counts, node) \
	assert(counts[node] > 0); \
	counts[node]--
#endif

/* tree_put of a page. */
inline put_page(node)
{
	before_put(refs, node)
	d_step {
		put(refs, node);
		if
		:: refs[node] == 0 ->
			assert(node != 0);
			data[node] = 0;
			x = 0;
			do
			:: x < HARTS * NPAGES ->
				assert(!((tlb_read[x] >> (node)) & 1));
				x++
			:: else -> break
			od;
			x = 0
		:: else
		fi
	}
}

/* tree_put of a level-0 table: what it links is put once it is gone. */
inline put_table0(node)
{
	before_put(refs0, node)
	d_step {
		put(refs0, node);
		if
		:: refs0[node] == 0 ->
		check_freed(tlb0, node);
		frozen0[node] = 0;
		c0 = (kind0[(node) * NPAGES] != EMPTY -> to0[(node) * NPAGES] :
		    NONE);
		kind0[(node) * NPAGES] = EMPTY;
		to0[(node) * NPAGES] = 0;
#if NPAGES > 1
		c1 = (kind0[(node) * NPAGES + 1] != EMPTY ->
		    to0[(node) * NPAGES + 1] : NONE);
		kind0[(node) * NPAGES + 1] = EMPTY;
		to0[(node) * NPAGES + 1] = 0
#endif
		:: else
		fi
	};
	if
	:: c0 != NONE -> put_page(c0); c0 = NONE
	:: else
	fi;
#if NPAGES > 1
	if
	:: c1 != NONE -> put_page(c1); c1 = NONE
	:: else
	fi
#endif
}

/* tree_put of a level-1 table. */
inline put_table1(node)
{
	before_put(refs1, node)
	d_step {
		put(refs1, node);
		if
		:: refs1[node] == 0 ->
		check_freed(tlb1, node);
		frozen1[node] = 0;
		below = (kind1[node] != EMPTY -> to1[node] : NONE);
		kind1[node] = EMPTY;
		to1[node] = 0
		:: else
		fi
	};
	if
	:: below != NONE -> put_table0(below); below = NONE
	:: else
	fi
}

/* ---- freezing ------------------------------------------------------------ */

#ifdef NO_FREEZE_LEAVES
#define PROTECT(entry) skip
#else
#define PROTECT(entry) d_step { \
	kind0[entry] = (kind0[entry] == WRITE -> READ : kind0[entry]); \
	load_caches() \
}
#endif

/* freeze_leaves: a load of each entry, an atomic AND if it has W. */
inline freeze_leaves(node)
{
	if
	:: kind0[(node) * NPAGES] == WRITE -> PROTECT((node) * NPAGES)
	:: else
	fi;
#if NPAGES > 1
	if
	:: kind0[(node) * NPAGES + 1] == WRITE -> PROTECT((node) * NPAGES + 1)
	:: else
	fi
#endif
}

/* freeze of a level-0 table. */
inline freeze0(node)
{
	if
	:: frozen0[node]
	:: else ->
#ifdef LEAVES_MARKED_FIRST
		frozen0[node] = 1;
		freeze_leaves(node)
#else
		freeze_leaves(node);
		frozen0[node] = 1
#endif
	fi
}

/* freeze_links: load the entry, load its target's flag, store. */
inline freeze_links(node)
{
	d_step { w = kind1[node]; m = to1[node] };
	if
	:: w != LINK
	:: w == LINK && frozen0[m]
	:: w == LINK && !frozen0[m] ->
#ifdef NO_FREEZE_LINKS
		skip
#else
		d_step { kind1[node] = COLD; to1[node] = m; load_caches() }
#endif
	fi;
	d_step { w = 0; m = 0 }
}

/* freeze of a level-1 table. */
inline freeze1(node)
{
	if
	:: frozen1[node]
	:: else ->
#ifdef LINKS_MARKED_FIRST
		frozen1[node] = 1;
		freeze_links(node)
#else
		freeze_links(node);
		frozen1[node] = 1
#endif
	fi
}

/* ---- walking ------------------------------------------------------------- */

inline make_root_link()
{
	d_step { root_kind[s] = LINK; stale = 1; load_caches() }
}

inline make_link(table, child)
{
	d_step {
		kind1[table] = LINK;
		to1[table] = child;
		stale = 1;
		load_caches()
	}
}

/* warm, of the root's cold link. */
inline warm_root()
{
	if
	:: refs1[root_to[s]] == 1 -> skip
	:: else ->
#if defined(WARM_WITHOUT_FREEZE)
		skip
#elif defined(LINK_BEFORE_FREEZE)
		make_root_link();
		freeze1(root_to[s])
#else
		freeze1(root_to[s])
#endif
	fi;
	make_root_link()
}

/* warm, of the cold link in table t1 to m. */
inline warm(owned)
{
	if
#ifdef WARM_IGNORES_CHILD
	:: owned ->
#else
	:: owned && refs0[m] == 1 ->
#endif
		if
		:: frozen0[m]
		:: else ->
#ifdef WARM_KEEPS_FROZEN
			skip
#else
			frozen1[t1] = 0
#endif
		fi
	:: else ->
#if defined(WARM_WITHOUT_FREEZE)
		skip
#elif defined(LINK_BEFORE_FREEZE)
		make_link(t1, m);
		t0 = m;
		freeze0(t0);
		m = t0
#else
		t0 = m;
		freeze0(t0)
#endif
	fi;
	make_link(t1, m)
}

/*
 * tree_walk and the rest of read_present: found says whether a leaf is there.
 */
inline read_present()
{
	found = 0;
	if
	:: root_kind[s] == EMPTY
	:: else ->
		if
		:: root_kind[s] == COLD -> warm_root()
		:: else
		fi;
		d_step { t1 = root_to[s]; owned = (refs1[t1] == 1) };
		d_step { w = kind1[t1]; m = to1[t1] };
		if
		:: w == EMPTY
		:: else ->
			if
			:: w == COLD -> warm(owned)
			:: else
			fi;
			d_step { t0 = m; found = kind0[t0 * NPAGES + i] != EMPTY }
		fi;
		d_step { w = 0; m = 0; t0 = 0; t1 = 0; owned = 0 }
	fi
}

/* ---- owning -------------------------------------------------------------- */

/*
 * make_table.  Nobody links it, so filling it is no step; it counts as frozen,
 * since so far nothing in it can be written.
 */
inline make_table1()
{
	new_node(refs1, TABLES, t1);
	frozen1[t1] = 1
}

/* own_child's store, with a release: the table is filled. */
inline link_table1()
{
	root_kind[s] = LINK;
	root_to[s] = t1;
	load_caches()
}

/*
 * What a table has in it that was linked too early: words of an earlier life.
 */
inline link_unfilled1()
{
	kind1[t1] = LINK;
	to1[t1] = 0;
	link_table1()
}

/*
 * copy_table of a level-1 table, and own_child's store.  chill is what
 * copy_links does and copy_frozen does not.
 */
inline copy_table1()
{
	d_step {
		old1 = root_to[s];
		chill = !frozen1[old1];
		make_table1();
#ifdef COPY_WITHOUT_FREEZE
		chill = 0;
#endif
#ifdef LINK_TABLE_BEFORE_CONTENTS
		link_unfilled1()
#endif
	};
#ifdef COPY_MARKS_LINKS_FIRST
	frozen1[old1] = 1;
#endif
	d_step {
		kind1[t1] = kind1[old1];
		to1[t1] = to1[old1];
		load_caches()
	};
	if
	:: kind1[t1] != EMPTY && chill -> d_step {
		kind1[t1] = COLD;
#ifndef COPY_KEEPS_OLD_LINKS
		kind1[old1] = COLD;
		to1[old1] = to1[t1];
#endif
		load_caches()
	}
	:: else
	fi;
#ifndef CHILDREN_UP_AFTER_DROP
	if
	:: kind1[t1] != EMPTY -> get(refs0, to1[t1])
	:: else
	fi;
#endif
	if
	:: chill -> frozen1[old1] = 1
	:: else
	fi;
	d_step { link_table1(); chill = 0; fresh = 1 };
#ifdef CHILDREN_UP_AFTER_DROP
	flush();
	put_table1(old1);
	old1 = NONE;
	if
	:: kind1[t1] != EMPTY -> get(refs0, to1[t1])
	:: else
	fi
#endif
}

inline own_table1(create)
{
	if
	:: root_kind[s] == EMPTY ->
		if
		:: create -> d_step { make_table1(); link_table1(); fresh = 1 }
		:: else
		fi
#ifdef OWN_IGNORES_PARENT
	:: root_kind[s] != EMPTY ->
#else
	:: root_kind[s] != EMPTY && refs1[root_to[s]] == 1 ->
#endif
		t1 = root_to[s];
		if
		:: root_kind[s] == COLD -> make_root_link()
		:: else
		fi
#ifndef OWN_IGNORES_PARENT
	:: root_kind[s] != EMPTY && refs1[root_to[s]] != 1 -> copy_table1()
#endif
	fi
}

inline make_table0()
{
	new_node(refs0, TABLES, t0);
	frozen0[t0] = 1
}

inline link_table0()
{
	kind1[t1] = LINK;
	to1[t1] = t0;
	load_caches()
}

inline link_unfilled0()
{
	kind0[t0 * NPAGES] = WRITE;
	to0[t0 * NPAGES] = 1;
	link_table0()
}

/* copy_leaves, or copy_frozen: one atomic AND, or a load; then the count. */
inline copy_leaf(from, to)
{
	d_step {
		kind0[to] = kind0[from];
		to0[to] = to0[from];
		if
		:: chill && kind0[from] == WRITE ->
			kind0[to] = READ;
#ifndef COPY_KEEPS_OLD_LEAVES
			kind0[from] = READ
#endif
		:: else
		fi;
		load_caches()
	};
	if
	:: kind0[to] != EMPTY -> get(refs, to0[to])
	:: else
	fi
}

/* copy_table of a level-0 table, and own_child's store. */
inline copy_table0()
{
	d_step {
		old0 = to1[t1];
		chill = !frozen0[old0];
		make_table0();
#ifdef COPY_WITHOUT_FREEZE
		chill = 0;
#endif
#ifdef LINK_TABLE_BEFORE_CONTENTS
		link_unfilled0()
#endif
	};
#ifdef COPY_MARKS_LEAVES_FIRST
	frozen0[old0] = 1;
#endif
	copy_leaf(old0 * NPAGES, t0 * NPAGES);
#if NPAGES > 1
	copy_leaf(old0 * NPAGES + 1, t0 * NPAGES + 1);
#endif
	if
	:: chill -> frozen0[old0] = 1
	:: else
	fi;
	d_step { link_table0(); chill = 0; fresh = 1 }
}

inline own_table0(create)
{
	if
	:: kind1[t1] == EMPTY ->
		if
		:: create -> d_step { make_table0(); link_table0(); fresh = 1 }
		:: else
		fi
#ifdef OWN_IGNORES_TABLE
	:: kind1[t1] != EMPTY ->
#else
	:: kind1[t1] != EMPTY && refs0[to1[t1]] == 1 ->
#endif
		if
		:: kind1[t1] == COLD ->
			m = to1[t1];
			warm(1);
			t0 = m;
			m = 0
		:: else -> t0 = to1[t1]
		fi
#ifndef OWN_IGNORES_TABLE
	:: kind1[t1] != EMPTY && refs0[to1[t1]] != 1 -> copy_table0()
#endif
	fi
}

/* ---- taking away --------------------------------------------------------- */

inline put_gathered()
{
	if
	:: old1 != NONE -> put_table1(old1); old1 = NONE
	:: else
	fi;
	if
	:: old0 != NONE -> put_table0(old0); old0 = NONE
	:: else
	fi
}

inline put_old_page()
{
	if
	:: old != NONE -> put_page(old); old = NONE
	:: else
	fi
}

/* gather_finish; copy_page puts its old page later. */
inline flush_gathered()
{
#if defined(DROP_EARLY)
	put_gathered();
	flush()
#elif defined(FREE_WITHOUT_FLUSH)
	put_gathered()
#else
	flush();
	put_gathered()
#endif
}

inline gather_finish()
{
	if
	:: old1 != NONE || old0 != NONE || old != NONE ->
		flush_gathered();
		put_old_page()
	:: else
	fi
}

/* ---- leaves -------------------------------------------------------------- */

#define LEAF (t0 * NPAGES + i)

/* tree_thawed */
inline thawed()
{
	d_step {
#ifndef THAW_KEEPS_FROZEN
		frozen0[t0] = 0;
#endif
#ifndef THAW_KEEPS_PARENT_FROZEN
		frozen1[t1] = 0
#endif
	}
}

inline set_leaf(page, k)
{
	d_step {
		kind0[LEAF] = k;
		to0[LEAF] = page;
		stale = 1;
		load_caches()
	}
}

/* tree_set_leaf of a word with W. */
inline set_writable(page)
{
#ifdef THAW_MARKS_LAST
	set_leaf(page, WRITE);
	thawed()
#else
	thawed();
	set_leaf(page, WRITE)
#endif
}

inline fill()
{
	if
	:: writing ->
		d_step { new_node(refs, PAGES, p); data[p] = 0 };
		set_writable(p)
	:: else ->
		get(refs, 0);
		set_leaf(0, READ)
	fi;
	fence_local()
}

/* copy_page: everything else may still look at the old page. */
inline copy_page()
{
	old = p;
	d_step { new_node(refs, PAGES, p); data[p] = 1 - data[old] };
#ifndef LINK_BEFORE_CONTENTS
	d_step {
		assert(data[old] == ghost[s * NPAGES + i]);
		data[p] = data[old]
	};
#endif
#ifdef WRITABLE_BEFORE_FLUSH
	set_writable(p);
#else
	set_leaf(p, READ);
#endif
#ifdef LINK_BEFORE_CONTENTS
	data[p] = data[old];
#endif
#ifdef PAGE_DROP_EARLY
	put_old_page();
#endif
#ifndef NO_FLUSH_AFTER_COPY
	if
	:: old1 != NONE || old0 != NONE -> flush_gathered()
	:: else -> flush_page()
	fi;
#endif
#ifndef WRITABLE_BEFORE_FLUSH
	set_writable(p);
#endif
	put_old_page()
}

/* tree_thaw, for one entry. */
inline thaw_leaf(entry)
{
	if
#ifdef THAW_IGNORES_COUNT
	:: kind0[entry] != EMPTY && to0[entry] != 0 ->
#else
	:: kind0[entry] != EMPTY && refs[to0[entry]] == 1 ->
#endif
		d_step { kind0[entry] = WRITE; load_caches() }
	:: else
	fi
}

inline thaw()
{
#ifndef THAW_MARKS_LAST
	thawed();
#endif
	thaw_leaf(t0 * NPAGES);
#if NPAGES > 1
	thaw_leaf(t0 * NPAGES + 1);
#endif
#ifdef THAW_MARKS_LAST
	thawed()
#endif
}

inline write_present()
{
	p = to0[LEAF];
	if
	:: !fresh && (frozen0[t0] || refs[p] == 1) -> thaw()
	:: else
	fi;
	if
	:: kind0[LEAF] == WRITE
#ifdef REUSE_IGNORES_COUNT
	:: kind0[LEAF] != WRITE && p != 0 ->
#else
	:: kind0[LEAF] != WRITE && refs[p] == 1 ->
#endif
		set_writable(p)
	:: else -> copy_page()
	fi;
	fence_local()
}

/* ---- operations ---------------------------------------------------------- */

/* Everything that may be wrong when nothing is under way. */
inline audit()
{
	x = 0;
	do
	:: x < TABLES ->
		z = 0;
		y = 0;
		do
		:: y < SPACES ->
			if
			:: root_kind[y] != EMPTY && root_to[y] == x ->
				z++;
				/* T3 */
				assert(root_kind[y] == COLD || frozen1[x] ||
				    refs1[x] == 1)
			:: else
			fi;
			y++
		:: else -> break
		od;
		assert(refs1[x] == z);
		/* T4 */
		assert(!(refs1[x] > 0 && frozen1[x] && kind1[x] == LINK) ||
		    frozen0[to1[x]]);
		z = 0;
		y = 0;
		do
		:: y < TABLES ->
			if
			:: refs1[y] > 0 && kind1[y] != EMPTY && to1[y] == x ->
				z++;
				/* T3 */
				assert(kind1[y] == COLD || frozen0[x] ||
				    refs0[x] == 1)
			:: else
			fi;
			y++
		:: else -> break
		od;
		assert(refs0[x] == z);
		y = 0;
		do
		:: y < NPAGES ->
			/* T4, and W on nobody's but its owner's page */
			assert(!(refs0[x] > 0 &&
			    kind0[x * NPAGES + y] == WRITE) ||
			    (!frozen0[x] && refs[to0[x * NPAGES + y]] == 1));
			y++
		:: else -> break
		od;
		x++
	:: else -> break
	od;
	x = 0;
	do
	:: x < PAGES ->
		z = (x == 0 -> 1 : 0);
		y = 0;
		do
		:: y < TABLES * NPAGES ->
			if
			:: refs0[y / NPAGES] > 0 && kind0[y] != EMPTY &&
			   to0[y] == x -> z++
			:: else
			fi;
			y++
		:: else -> break
		od;
		assert(refs[x] == z);
		x++
	:: else -> break
	od;
	x = 0; y = 0; z = 0
}

inline begin()
{
#ifndef NO_LOCK
	lock[s] = 1;
#endif
	in_user[h] = 0;
	left--;
	busy++
}

#ifdef NO_LOCK
#define FREE(s) (left > 0)
#else
#define FREE(s) (left > 0 && lock[s] == 0)
#endif

/* After a zap what was there reads as zeroes: it is out of reach. */
inline forget()
{
	y = 0;
	do
	:: y < NPAGES ->
		if
		:: level == 2 || level == 1 || (level == 0 && y == i) ->
			ghost[s * NPAGES + y] = 0
		:: else
		fi;
		y++
	:: else -> break
	od;
	y = 0;
	level = NONE
}

inline end_op()
{
	d_step {
		forget();
		busy--;
		lock[s] = 0;
		in_user[h] = 1;
		fresh = 0; writing = 0; found = 0;
		t1 = 0; t0 = 0; p = 0; i = 0;
		/* The cause of the fault is gone from this hart's caches. */
		assert(!stale);
		check_reads();
		if
		:: busy == 0 -> audit()
		:: else
		fi
	}
}

/* handle: a read or a write of either page. */
inline fault()
{
#if NPAGES > 1
	if
	:: i = 0
	:: i = 1
	fi;
#endif
	stale = 1;
	if
	:: writing = 1
	:: read_present()
	fi;
	if
	:: found -> fence_local()
	:: else ->
		own_table1(1);
		own_table0(1);
		if
		:: kind0[LEAF] == EMPTY -> fill()
		:: kind0[LEAF] != EMPTY && writing -> write_present()
		:: else -> assert(false)
		fi
	fi
}

/* mm_fork, to the first space that is not in use: it does not matter which. */
inline fork()
{
	d_step {
		!used[0] || !used[1] || !used[SPACES - 1] ->
			c = (!used[0] -> 0 : (!used[1] -> 1 : SPACES - 1));
			used[c] = 1
	};
	if
	:: root_kind[s] == EMPTY
	:: else ->
		get(refs1, root_to[s]);
#ifdef NO_COLD
		d_step {
			root_kind[c] = root_kind[s];
			root_to[c] = root_to[s]
		};
		flush()
#else
		if
		:: root_kind[s] == LINK && !frozen1[root_to[s]] ->
#ifdef FLUSH_BEFORE_COLD
			flush();
#endif
			d_step {
				root_kind[s] = COLD;
				root_kind[c] = COLD;
				root_to[c] = root_to[s]
			};
#if !defined(NO_FLUSH_AT_FORK) && !defined(FLUSH_BEFORE_COLD)
			flush()
#endif
		:: else -> d_step {
			root_kind[c] = root_kind[s];
			root_to[c] = root_to[s]
		}
		fi
#endif
	fi;
	/* The child gets what the parent had when the last hart had fenced. */
	d_step {
		y = 0;
		do
		:: y < NPAGES ->
			ghost[c * NPAGES + y] = ghost[s * NPAGES + y];
			y++
		:: else -> break
		od;
		alive[c] = 1;
		c = 0;
		load_caches()
	}
}

/*
 * A fault somewhere else below the same level-1 table: what it does to that
 * table, and no more.
 */
inline beside()
{
	if
	:: own_table1(1)
	:: root_kind[s] == COLD -> warm_root()
	:: root_kind[s] != COLD
	fi;
	stale = 0
}

/*
 * mm_zap_locked: takes the link to a level-1 table (munmap of much), to a
 * level-0 table, or to a page (MADV_DONTNEED of one), and owns what it is in.
 */
inline zap()
{
	if
	:: level = 2
	:: level = 1
	:: level = 0
#if NPAGES > 1
	:: level = 0; i = 1
#endif
	fi;
	if
	:: root_kind[s] == EMPTY
	:: root_kind[s] != EMPTY && level == 2 -> d_step {
		old1 = root_to[s];
		root_kind[s] = EMPTY;
		root_to[s] = 0
	}
	:: root_kind[s] != EMPTY && level != 2 ->
		own_table1(0);
		if
		:: kind1[t1] == EMPTY
		:: kind1[t1] != EMPTY && level == 1 -> d_step {
			old0 = to1[t1];
			kind1[t1] = EMPTY;
			to1[t1] = 0
		}
		:: kind1[t1] != EMPTY && level == 0 ->
			own_table0(0);
			if
			:: kind0[LEAF] == EMPTY
			:: else -> d_step {
				old = to0[LEAF];
				kind0[LEAF] = EMPTY;
				to0[LEAF] = 0
			}
			fi
		fi
	fi;
	stale = 0
}

/* mm_put: no hart runs the space, so no hart uses what it remembers of it. */
inline exit()
{
	d_step {
		alive[s] = 0;
		x = FIRST(s);
		do
		:: x <= LAST(s) -> empty_caches(x); in_user[x] = 1; x++
		:: else -> break
		od;
		x = 0; y = 0;
		do
		:: y < NPAGES -> ghost[s * NPAGES + y] = 0; y++
		:: else -> break
		od;
		y = 0
	};
	if
	:: root_kind[s] == EMPTY
	:: else ->
		d_step {
			old1 = root_to[s];
			root_kind[s] = EMPTY;
			root_to[s] = 0
		};
		put_table1(old1);
		old1 = NONE
	fi;
	used[s] = 0
}

/* A store by a program, through any translation that its hart has. */
#define STORE(entry, page) \
	:: d_step { \
		in_user[h] && \
		((tlb_write[h * NPAGES + entry] >> page) & 1) -> \
			ghost[s * NPAGES + entry] = \
				1 - ghost[s * NPAGES + entry]; \
			data[page] = ghost[s * NPAGES + entry]; \
			check_reads() \
	}

proctype hart(byte h; byte s)
{
	byte t1, t0, p, i, w, m, at, c;
	byte old1 = NONE, old0 = NONE, old = NONE;
	byte below = NONE, c0 = NONE;
	byte level = NONE;
#if NPAGES > 1
	byte c1 = NONE;
#endif
	bit owned, fresh, writing, found, stale, chill;
#if defined(NON_ATOMIC_GET) || defined(NON_ATOMIC_DROP)
	byte tmp;
#endif

end:	do
	:: atomic { alive[s] && FREE(s) -> begin() };
		if
		:: fault()
		:: beside()
		:: zap()
		:: exit()
		:: fork()
		fi;
		gather_finish();
		end_op()
	STORE(0, 1) STORE(0, 2)
#if PAGES > 3
	STORE(0, 3)
#endif
#if PAGES > 4
	STORE(0, 4)
#endif
#if PAGES > 5
	STORE(0, 5)
#endif
#if NPAGES > 1
	STORE(1, 1) STORE(1, 2) STORE(1, 3) STORE(1, 4) STORE(1, 5)
#endif
	od
}

init {
	byte k;

	atomic {
		refs[0] = 1;
		used[0] = 1;
		alive[0] = 1;
		do
		:: k < HARTS ->
			in_user[k] = 1;
			run hart(k, SPACE(k));
			k++
		:: else -> k = 0; break
		od
	}
}
