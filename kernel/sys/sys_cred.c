/* System calls on who one is. */
#include "mm/slab.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "proc/rights.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

s64
sys_getuid(void)
{
	return task_current()->cred->ruid;
}

s64
sys_geteuid(void)
{
	return task_current()->cred->euid;
}

s64
sys_getgid(void)
{
	return task_current()->cred->rgid;
}

s64
sys_getegid(void)
{
	return task_current()->cred->egid;
}

static s64
put_three(const uaddr_t to[3], const u32 val[3])
{
	u32 i;

	for (i = 0; i < 3; i++)
		if (user_write(to[i], &val[i], sizeof(val[i])) < 0)
			return -EFAULT;
	return 0;
}

s64
sys_getresuid(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *c = task_current()->cred;

	return put_three(
	    (uaddr_t[]){r, e, s}, (u32[]){c->ruid, c->euid, c->suid});
}

s64
sys_getresgid(uaddr_t r, uaddr_t e, uaddr_t s)
{
	const struct cred *c = task_current()->cred;

	return put_three(
	    (uaddr_t[]){r, e, s}, (u32[]){c->rgid, c->egid, c->sgid});
}

s64
sys_setuid(u32 id)
{
	return rights_set(RIGHTS_USER, id);
}

s64
sys_setgid(u32 id)
{
	return rights_set(RIGHTS_GROUP, id);
}

s64
sys_setreuid(u32 r, u32 e)
{
	return rights_set_re(RIGHTS_USER, r, e);
}

s64
sys_setregid(u32 r, u32 e)
{
	return rights_set_re(RIGHTS_GROUP, r, e);
}

s64
sys_setresuid(u32 r, u32 e, u32 s)
{
	return rights_set_res(RIGHTS_USER, r, e, s);
}

s64
sys_setresgid(u32 r, u32 e, u32 s)
{
	return rights_set_res(RIGHTS_GROUP, r, e, s);
}

s64
sys_setfsuid(u32 id)
{
	return rights_set_fs(RIGHTS_USER, id);
}

s64
sys_setfsgid(u32 id)
{
	return rights_set_fs(RIGHTS_GROUP, id);
}

s64
sys_getgroups(int room, uaddr_t out)
{
	const struct cred *c = task_current()->cred;

	if (room < 0 || (room != 0 && (u32)room < c->nr_groups))
		return -EINVAL;
	if (room != 0 &&
	    user_write(out, c->groups, c->nr_groups * sizeof(u32)) < 0)
		return -EFAULT;
	return c->nr_groups;
}

s64
sys_setgroups(int nr, uaddr_t in)
{
	u32 *groups;
	s64 err;

	if (!cred_capable(task_current()->cred, CAP_SETGID))
		return -EPERM;
	if (nr < 0 || nr > CRED_MAX_GROUPS)
		return -EINVAL;
	groups = kmalloc(MAX((size_t)nr, (size_t)1) * sizeof(u32));
	if (groups == NULL)
		return -ENOMEM;
	err = user_read(groups, in, (size_t)nr * sizeof(u32));
	if (err == 0)
		err = rights_set_groups(groups, (u32)nr);
	kfree(groups);
	return err;
}
