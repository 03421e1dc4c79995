/*
 * Mounts disks that a power cut has left, which replays their journals, and
 * unmounts them.  Not a test by itself: tests/crash/run.
 *
 *	/tests/guest @crash_replay TYPE DISK...
 */
#include "tap.h"

#include <sys/mount.h>
#include <sys/stat.h>

HELPER(crash_replay)
{
	int status = 0;

	ensure(argc > 3);
	mkdir("/mnt", 0755);
	for (int i = 3; i < argc; i++)
		if (mount(argv[i], "/mnt", argv[2], MS_NOATIME, NULL) ||
		    umount("/mnt")) {
			printf("%s: %s\n", argv[i], strerrorname_np(errno));
			status = 1;
		}
	return status;
}
