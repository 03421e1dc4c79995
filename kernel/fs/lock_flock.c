/* flock: one lock of the whole file for each open file. */
#include <linux/fcntl.h>

#include "fs/file.h"
#include "fs/lock_impl.h"

int
file_flock(struct file *f, s32 pid, s16 type, bool wait)
{
	struct lock_claim c = {
	    .owner = &f->locks,
	    .end = LOCK_END,
	    .pid = pid,
	    .type = type,
	    .kind = LOCK_WHOLE,
	};

	if ((f->access & FILE_PATH_ONLY) ||
	    (type != F_UNLCK && !(f->access & (FILE_READ | FILE_WRITE))))
		return -EBADF;
	return lock_claim(f->inode, &c, wait);
}
