/*
 * The last free frames: those that other harts have put by (mm/frame.c).  A
 * hart touches its own with interrupts off, so one that is held still is not in
 * the midst of it.
 */
#include "core/hart.h"
#include "core/pause.h"
#include "mm/frame.h"

u64
frame_collect(void)
{
	u64 nr = 0;
	u32 i;

	pause_begin();
	for (i = 0; i < nr_harts; i++)
		nr += frame_uncache(&harts[i]);
	pause_end();
	return nr;
}
