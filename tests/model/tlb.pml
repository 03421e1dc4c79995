/*
 * Who may hold translations of a space, and how they lose them: kernel/core/
 * tlb.c, for spin.  Hart 0 changes an entry of a space and flushes; hart 1
 * switches to the space and away from it, as often as SWITCHES says.  README.md
 * says what each mutant (the names in #ifdef) does wrong.
 *
 * Stores wait in their hart's buffer, and leave it in any order, until a fence,
 * a read-modify-write or a store with release says otherwise; loads are made at
 * once and in order.
 */
#ifndef SWITCHES
#define SWITCHES 3
#endif

/* Memory.  The space in question is 1, any other is 0. */
bool changed;      /* the entry: old, or as hart 0 has changed it */
bool may_hold[2];  /* the space's word of that name, a bit each */
bool must_flush[2];
bool next[2];      /* harts[].next_space */
bool space[2];     /* harts[].space */
byte asked, answered;  /* hart 1's tickets */

/* The buffers: what is under way to memory. */
#define CHANGED 0
#define NEXT    1
#define SPACE   2
#define DONE    3
typedef buffer {
	bool kept[4];
	byte value[4]
}

buffer buffers[2];

/* Each hart's own. */
bool satp[2];      /* its satp names the space */
bool stale[2];     /* it holds the old entry */
bool asking;       /* an interrupt waits for hart 1 */
bool flushed;      /* hart 0's flush has ended */

#define EMPTY(h) (!buffers[h].kept[0] && !buffers[h].kept[1] && \
	!buffers[h].kept[2] && !buffers[h].kept[3])

inline put(h, what, v)
{
	atomic {
		!buffers[h].kept[what];
		buffers[h].kept[what] = true;
		buffers[h].value[what] = v
	}
}

inline put_release(h, what, v)
{
	atomic {
		EMPTY(h);
		buffers[h].kept[what] = true;
		buffers[h].value[what] = v
	}
}

#ifdef RELAXED_NEXT
#define put_next(h, v) put(h, NEXT, v)
#else
#define put_next(h, v) put_release(h, NEXT, v)
#endif

inline fence(h)
{
	EMPTY(h)
}

#define LEAVES(h, what) \
	buffers[h].kept[what] -> buffers[h].kept[what] = false

active proctype memory()
{
end:
	do
	:: d_step { LEAVES(0, CHANGED); changed = true }
	:: d_step { LEAVES(0, NEXT); next[0] = buffers[0].value[NEXT] }
	:: d_step { LEAVES(0, SPACE); space[0] = buffers[0].value[SPACE] }
	:: d_step { LEAVES(1, NEXT); next[1] = buffers[1].value[NEXT] }
	:: d_step { LEAVES(1, SPACE); space[1] = buffers[1].value[SPACE] }
	:: d_step { LEAVES(1, DONE); answered = buffers[1].value[DONE] }
	od
}

/*
 * A hart whose satp names the space may at any time walk its tables, be it on
 * a guess, and keeps what it saw.  Once the flush has ended it must not go by
 * what is old.
 */
active proctype walkers()
{
end:
	do
	:: d_step { satp[0] && !changed && !stale[0] -> stale[0] = true }
	:: d_step { satp[1] && !changed && !stale[1] -> stale[1] = true }
	:: d_step { flushed && (satp[0] && stale[0] || satp[1] && stale[1]) ->
		assert(false) }
	od
}

/* asid_for: what was marked is fenced before it is used. */
inline take_mark(h)
{
	if
	:: must_flush[h] ->
		atomic { EMPTY(h); must_flush[h] = false }
#ifndef NO_FENCE_OF_MARK
		stale[h] = false
#endif
	:: else
	fi
}

inline enter(h)
{
#ifndef NO_NEXT
	put_next(h, true);
#endif
#ifndef NO_HOLDER
	if
	:: !may_hold[h] ->
		atomic { EMPTY(h); may_hold[h] = true }
	:: else
	fi;
#endif
#ifndef NO_SWITCH_FENCE
	fence(h);
#endif
	take_mark(h);
	satp[h] = true;
#ifndef NO_SPACE
	put_release(h, SPACE, true)
#endif
}

inline leave(h)
{
#ifndef NO_NEXT
	put_next(h, false);
#endif
#ifdef LEFT_TOO_EARLY
	put_release(h, SPACE, false);
	fence(h);
	satp[h] = false
#else
	satp[h] = false;
	put_release(h, SPACE, false)
#endif
}

/* tlb_ipi */
inline answer()
{
	byte number;

	asking = false;
	number = asked;
#ifdef ANSWER_FIRST
	put_release(1, DONE, number);
#endif
#ifndef ANSWER_WITHOUT_FENCE
	stale[1] = false;
#endif
#ifndef ANSWER_FIRST
	put_release(1, DONE, number)
#endif
}

/* A switch is made with interrupts off; between two there may be any. */
active proctype switching()
{
	byte n;

	if
	:: may_hold[1] = true
	:: skip
	fi;
end:
	do
	:: asking -> answer()
	:: n < SWITCHES && !satp[1] -> enter(1); n++
	:: n < SWITCHES && satp[1] -> leave(1); n++
	od
}

inline ask()
{
	byte ticket;

	atomic { EMPTY(0); asked++; ticket = asked };
	asking = true;
#ifndef NO_WAIT
	answered >= ticket
#endif
}

/* flush_others, and others_running */
inline flush_others()
{
	bool running;

	if
	:: !may_hold[1] -> skip
	:: else ->
#ifndef NO_MARK
		atomic { EMPTY(0); must_flush[1] = true };
#endif
#ifndef NO_MARK_FENCE
		fence(0);
#endif
#ifdef SPACE_BEFORE_NEXT
		running = space[1];
		if
		:: !running -> running = next[1]
		:: else
		fi;
#else
#ifndef NEXT_NOT_SEEN
		running = next[1];
#endif
		if
		:: !running -> running = space[1]
		:: else
		fi;
#endif
		if
		:: running -> ask()
		:: else
		fi
	fi
}

inline flush_own()
{
	if
	:: satp[0] -> stale[0] = false
#ifndef NO_MARK_OF_SELF
	:: !satp[0] && may_hold[0] ->
		atomic { EMPTY(0); must_flush[0] = true }
#endif
	:: else
	fi
}

/* It runs the space, or has run it, or has not; and goes on with it. */
active proctype flushing()
{
	if
	:: may_hold[0] = true; enter(0)
	:: may_hold[0] = true; stale[0] = true
	:: skip
	fi;
	put(0, CHANGED, true);
#ifndef NO_FLUSH_FENCE
	fence(0);
#endif
	flush_own();
	flush_others();
	flushed = true;
	if
	:: !satp[0] -> enter(0)
	:: else
	fi
}
