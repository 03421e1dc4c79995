/* The machine's names. */
#include "proc/uts.h"

#include "core/spinlock.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "proc/procfs.h"

/* Guards the two names that change. */
static struct spinlock lock = SPINLOCK_INIT(RANK_UTS);

/* C libraries refuse a release that is too old; ours is what we answer like. */
static struct new_utsname names = {
    .sysname = "Linux",
    .nodename = "calf",
    .release = KERNEL_RELEASE,
    .version = KERNEL_VERSION,
    .machine = "riscv64",
    .domainname = "(none)",
};

void
uts_read(struct new_utsname *out)
{
	spin_lock(&lock);
	*out = names;
	spin_unlock(&lock);
}

static void
set(char *field, const char *name, size_t len_bytes)
{
	assert(len_bytes <= __NEW_UTS_LEN);
	spin_lock(&lock);
	memset(field, 0, __NEW_UTS_LEN + 1);
	memcpy(field, name, len_bytes);
	spin_unlock(&lock);
}

void
uts_set_host(const char *name, size_t len_bytes)
{
	set(names.nodename, name, len_bytes);
}

void
uts_set_domain(const char *name, size_t len_bytes)
{
	set(names.domainname, name, len_bytes);
}
