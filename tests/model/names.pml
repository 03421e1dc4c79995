/*
 * The locks of names: who makes, removes and renames waits for no circle of
 * others, and no folder comes to be in itself (kernel/fs/namei_rename.c).
 *
 * A few folders and files; each thread does one thing with them, chosen at the
 * start, in any place.  A thread that waits for ever is an invalid end.  A file
 * may have names everywhere.  What is done with a folder's contents stays out:
 * only what is locked, in which order, and what is where.
 */
#ifndef THREADS
#define THREADS 3
#endif

#define FOLDERS 4
#define FILES   1
#define ALL     (FOLDERS + FILES)
#define ROOT    0
#define NOWHERE ALL /* also: no such thing */

#define IS_FOLDER(n) ((n) < FOLDERS)
#define IS_GONE(n)   ((n) != ROOT && up[n] == NOWHERE)

byte up[FOLDERS]; /* what a folder is in */
byte address[ALL]; /* a permutation; files lie low */
bool locked[ALL];
bool renaming; /* RENAME */

#define LINK   1
#define REMOVE 2
#define RENAME 3

/*
 * A step begins with what may have to wait, and goes on with all that needs
 * nothing more: nobody else sees what is done under a lock.
 */
inline lock(n)
{
	!locked[n] -> locked[n] = true
}

inline unlock(n)
{
	assert(locked[n]);
	locked[n] = false
}

/* yes: a stands above b, or is it. */
inline look_up(a, b)
{
	i = b;
	do
	:: i == a || i == ROOT || i == NOWHERE -> break
	:: else -> i = up[i]
	od;
	yes = i == a;
	i = 0
}

/* yes: d is locked before e. */
inline compare_folders()
{
#ifdef FOLDERS_BY_ADDRESS
	yes = address[d] < address[e]
#else
	look_up(d, e);
	if
	:: yes
	:: else ->
		look_up(e, d);
		yes = (yes -> false : address[d] < address[e])
	fi
#endif
}

/* yes: t is locked before s: folders first, then by address. */
inline compare_ends()
{
#ifdef ENDS_BY_ADDRESS
	yes = t != NOWHERE && address[t] < address[s]
#else
	yes = t != NOWHERE &&
	    (IS_FOLDER(s) != IS_FOLDER(t) -> IS_FOLDER(t)
					  : address[t] < address[s])
#endif
}

/* n: any file, or a folder in dir. */
inline choose_in(dir, n)
{
	if
#ifndef ONLY_FOLDERS
	:: n = FOLDERS
#endif
	:: up[1] == dir -> n = 1
	:: up[2] == dir -> n = 2
	:: up[3] == dir -> n = 3
	:: else -> n = NOWHERE
	fi
}

inline find_ends()
{
	choose_in(d, s);
	if
	:: t = NOWHERE
	:: exchange = true; choose_in(e, t)
	:: exchange = false; choose_in(e, t)
	fi
}

/* Both folders are locked from then on, and the ends are found. */
inline lock_and_find()
{
	if
	:: shape -> atomic { !renaming -> renaming = true; compare_folders() }
	:: else -> yes = true
	fi;
	if
	:: d == e -> atomic { lock(d); find_ends() }
	:: d != e && yes ->
		atomic { lock(d) };
		atomic { lock(e); find_ends() }
	:: else ->
		atomic { lock(e) };
		atomic { lock(d); find_ends() }
	fi
}

inline unlock_folders()
{
	unlock(d);
	if
	:: d != e -> unlock(e)
	:: else
	fi;
	if
	:: shape -> renaming = false
	:: else
	fi
}

inline check()
{
	bad = s == NOWHERE || IS_GONE(d) || IS_GONE(e) || s == t ||
	    (t != NOWHERE && !exchange && IS_FOLDER(s) != IS_FOLDER(t));
#ifndef NO_LOOP_CHECK
	if
	:: !bad && d != e && IS_FOLDER(s) -> look_up(s, e); bad = yes
	:: else
	fi;
	if
	:: !bad && d != e && IS_FOLDER(t) -> look_up(t, d); bad = yes
	:: else
	fi;
#endif
	compare_ends()
}

/* Only what is empty is replaced. */
inline change()
{
	if
	:: IS_FOLDER(t) && exchange -> up[t] = d
	:: IS_FOLDER(t) && !exchange ->
		bad = up[1] == t || up[2] == t || up[3] == t;
		if
		:: !bad -> up[t] = NOWHERE
		:: else
		fi
	:: else
	fi;
	if
	:: !bad && IS_FOLDER(s) -> up[s] = e
	:: else
	fi
}

/* Whatever is anywhere is below the root. */
inline look_at_all()
{
	d_step {
		x = 1;
		do
		:: x < FOLDERS ->
			i = x;
			y = 0;
			do
			:: i == ROOT || i == NOWHERE -> break
			:: else ->
				i = up[i];
				y++;
				assert(y < FOLDERS)
			od;
			x++
		:: else -> break
		od;
		x = 0;
		y = 0;
		i = 0
	}
}

inline end_rename()
{
	change();
	look_at_all();
	unlock(s);
	if
	:: t != NOWHERE -> unlock(t)
	:: else
	fi;
	unlock_folders()
}

inline lock_ends_and_change()
{
	if
	:: t == NOWHERE -> atomic { lock(s); end_rename() }
	:: t != NOWHERE && yes ->
		atomic { lock(t) };
		atomic { lock(s); end_rename() }
	:: else ->
		atomic { lock(s) };
		atomic { lock(t); end_rename() }
	fi
}

inline rename()
{
#ifdef NO_SHAPE
	shape = false;
	compare_folders();
#else
	shape = d != e;
#endif
	lock_and_find();
#ifndef ENDS_WITHOUT_SHAPE
	if
	:: !shape && IS_FOLDER(s) && IS_FOLDER(t) ->
		atomic { unlock_folders(); shape = true };
		lock_and_find()
	:: else
	fi;
#endif
	atomic { check() };
	if
	:: bad -> atomic { unlock_folders() }
	:: else -> lock_ends_and_change()
	fi
}

/* A folder, and in it a new name for what is no folder. */
inline link_to()
{
	atomic { lock(d) };
	if
	:: IS_GONE(d)
	:: else -> atomic { lock(FOLDERS); unlock(FOLDERS) }
	fi;
	unlock(d)
}

inline remove()
{
	atomic { lock(d); choose_in(d, s) };
	if
	:: s == NOWHERE -> unlock(d)
	:: else ->
		atomic {
			lock(s);
			if
			:: IS_FOLDER(s) && up[1] != s && up[2] != s &&
			    up[3] != s ->
				up[s] = NOWHERE
			:: else
			fi;
			unlock(s);
			unlock(d)
		}
	fi
}

proctype thread(byte what, d, e)
{
	byte s, t, x, y, i;
	bool shape, exchange, yes, bad;

	if
	:: what == LINK -> link_to()
	:: what == REMOVE -> remove()
	:: else -> rename()
	fi;
	/* Whatever it was, it is over. */
	d_step {
		what = 0;
		d = 0;
		e = 0;
		s = 0;
		t = 0;
		shape = false;
		exchange = false;
		yes = false;
		bad = false
	}
}

inline choose_deed()
{
	if
#ifndef ONLY_FOLDERS
	:: what = LINK
#endif
	:: what = REMOVE
	:: what = RENAME
	fi;
	select(one : 0 .. FOLDERS - 1);
	two = 0;
	if
	:: what == RENAME -> select(two : 0 .. FOLDERS - 1)
	:: else
	fi;
	rank = what * 16 + one * FOLDERS + two
}

init
{
	int v, one, two, rank, least, n;
	int what;

	atomic {
		up[ROOT] = NOWHERE;
		up[1] = ROOT;
#ifdef ONLY_FOLDERS
		up[2] = ROOT;
		up[3] = 2;
#else
		select(v : ROOT .. 1);
		up[2] = v;
		select(v : ROOT .. 2);
		up[3] = v;
#endif
		for (n : 0 .. FOLDERS - 1) {
			select(v : 1 .. FOLDERS);
			address[n] = v
		}
		if
		:: address[0] == address[1] || address[0] == address[2] ||
		    address[0] == address[3] || address[1] == address[2] ||
		    address[1] == address[3] || address[2] == address[3] ->
			goto no_case
		:: else
		fi;
		/* Threads are alike: of what they do, one order is enough. */
		for (n : 1 .. THREADS) {
			choose_deed();
			if
			:: rank < least -> goto no_case
			:: else -> least = rank
			fi;
			run thread(what, one, two)
		}
no_case:
		v = 0;
		one = 0;
		two = 0;
		rank = 0;
		least = 0;
		n = 0;
		what = 0
	}
}
