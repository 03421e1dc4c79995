/* The ranks of core/lock_rank.def as numbers; a lower one is taken first. */
#ifndef CORE_LOCK_RANK_H
#define CORE_LOCK_RANK_H

#define LOCK_RANK(name, kind, tie, what) RANK_##name,
enum lock_rank {
	RANK_INVALID,
#include "core/lock_rank.def"
	NR_LOCK_RANKS,
};
#undef LOCK_RANK

const char *lock_rank_name(enum lock_rank rank);

#endif
