/* What the memory core has done, for /proc/calf/stat. */
#ifndef MM_STAT_H
#define MM_STAT_H

#include "lib/atomic.h"
#include "lib/types.h"

#define MM_STATS(X)                                                            \
	X(FORKS, "forks")                                                      \
	X(FAULTS, "faults")                                                    \
	X(COLD_FAULTS, "cold_links_warmed")                                    \
	X(FREEZES, "tables_frozen")                                            \
	X(THAWS, "tables_thawed")                                              \
	X(TABLES_COPIED, "tables_copied")                                      \
	X(PAGES_COPIED, "pages_copied")                                        \
	X(PAGES_REUSED, "pages_reused")                                        \
	X(ZERO_FILLS, "zero_fills")                                            \
	X(ZERO_MAPS, "zero_page_mapped")                                       \
	X(CACHE_MAPS, "cached_pages_mapped")                                   \
	X(MAPPED_AROUND, "cached_pages_mapped_around")                         \
	X(FILLS, "reads_from_stores")                                          \
	X(FILLED, "pages_read_from_stores")                                    \
	X(RECLAIMED, "cached_pages_reclaimed")                                 \
	X(SPURIOUS, "spurious_faults")                                         \
	X(OUT_OF_MEMORY, "faults_out_of_memory")

#define MM_STAT_ENUM(name, text) MM_STAT_##name,
enum mm_stat {
	MM_STATS(MM_STAT_ENUM) NR_MM_STATS
};
#undef MM_STAT_ENUM

extern u64 mm_stats[NR_MM_STATS]; /* a */
extern const char *const mm_stat_names[NR_MM_STATS];

static inline void
mm_count(enum mm_stat s)
{
	atomic_count(&mm_stats[s]);
}

#endif
