/*
 * The start of fs/: types of file systems, our devices, and the root.
 */
#include "fs/vfs.h"

#include "core/panic.h"
#include "fs/buf.h"
#include "fs/devfs.h"
#include "fs/devmem.h"
#include "fs/devpts.h"
#include "fs/ext2.h"
#include "fs/memfd.h"
#include "fs/procfs.h"
#include "fs/tmpfs.h"
#include "fs/vfs_impl.h"

static struct path root;           /* fixed at boot */
static struct fs_context *context; /* the kernel's own, at the root */
static struct fs_who kernel = {.fsize_limit = ~0ul};

struct path
vfs_root(void)
{
	return root;
}

const struct fs_who *
fs_who_kernel(void)
{
	return &kernel;
}

static int
mount_root(void)
{
	struct filesystem *fs;
	struct mount *m;
	int err = tmpfs_create("rootfs", "mode=755", &fs);

	if (err == 0)
		err = mount_create(fs, NULL, "rootfs", 0, &m);
	if (err == 0)
		err = mount_attach(m, (struct path){NULL, NULL});
	if (err < 0)
		return err;
	root = (struct path){m, m->root};
	filesystem_put(fs); /* the mount has its own */
	return 0;
}

void
vfs_init(void)
{
	struct cred *cred;
	int err = cred_create(0, &cred);

	if (err < 0)
		panic("no memory for the first files");
	kernel.cred = cred;
	anon_init();
	memfd_init();
	tmpfs_init();
	buf_init();
	ext2_init();
	devmem_init();
	devfs_init();
	devpts_init();
	procfs_init();
	err = mount_root();
	if (err == 0)
		err = fs_context_create(&context);
	if (err < 0)
		panic("the root file system can't be made: error %d", -err);
	kernel.ctx = context;
}

void
vfs_check(void)
{
	dentry_check();
	mount_check();
}
