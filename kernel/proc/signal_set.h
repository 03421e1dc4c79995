/*
 * Sets of signals: bit n - 1 stands for signal n, as in the ABI.  Pure.
 */
#ifndef PROC_SIGNAL_SET_H
#define PROC_SIGNAL_SET_H

#include "lib/types.h"

#define NR_SIGNALS   64
#define SIGNAL_RTMIN 32 /* the first that queues instead of coalescing */

struct sigset {
	u64 bits;
};

static inline bool
signo_valid(int signo)
{
	return signo >= 1 && signo <= NR_SIGNALS;
}

static inline struct sigset
sigset_of(int signo)
{
	return (struct sigset){1ul << (signo - 1)};
}

static inline bool
sigset_has(struct sigset s, int signo)
{
	return (s.bits >> (signo - 1)) & 1;
}

static inline bool
sigset_empty(struct sigset s)
{
	return s.bits == 0;
}

static inline struct sigset
sigset_or(struct sigset a, struct sigset b)
{
	return (struct sigset){a.bits | b.bits};
}

static inline struct sigset
sigset_and(struct sigset a, struct sigset b)
{
	return (struct sigset){a.bits & b.bits};
}

/* What is in a and not in b. */
static inline struct sigset
sigset_without(struct sigset a, struct sigset b)
{
	return (struct sigset){a.bits & ~b.bits};
}

static inline void
sigset_add(struct sigset *s, int signo)
{
	s->bits |= sigset_of(signo).bits;
}

static inline void
sigset_del(struct sigset *s, int signo)
{
	s->bits &= ~sigset_of(signo).bits;
}

/* The lowest signal of a set that is not empty. */
static inline int
sigset_first(struct sigset s)
{
	return __builtin_ctzl(s.bits) + 1;
}

#endif
