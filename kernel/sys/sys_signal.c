/* System calls on signals. */
#include <asm/siginfo.h>
#include <asm/signal.h>

#include "lib/string.h"
#include "mm/usercopy.h"
#include "proc/proc.h"
#include "sys/syscalls_gen.h"
#include "sys/util.h"

/* The ABI's struct sigaction on riscv: three words, no restorer. */
struct user_action {
	u64 handler;
	u64 flags;
	struct sigset mask;
};

static_assert(sizeof(struct user_action) == 24, "struct sigaction");
static_assert(sizeof(struct sig_info) == 48, "the head of siginfo_t");

#define SIGINFO_BYTES 128

s64
sys_rt_sigaction(int sig, uaddr_t act, uaddr_t old, u64 size)
{
	struct sig_action new = {0}, was;
	struct user_action user;
	int err;

	if (size != sizeof(struct sigset))
		return -EINVAL;
	if (act.val != 0) {
		if (user_read(&user, act, sizeof(user)) < 0)
			return -EFAULT;
		new = (struct sig_action){.handler = user.handler,
		    .flags = user.flags,
		    .mask = user.mask};
	}
	err = signal_action(sig, act.val != 0 ? &new : NULL, &was);
	if (err < 0 || old.val == 0)
		return err;
	user = (struct user_action){
	    .handler = was.handler, .flags = was.flags, .mask = was.mask};
	return user_write(old, &user, sizeof(user));
}

s64
sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t old, u64 size)
{
	struct sigset new, was;
	int err = 0;

	if (size != sizeof(new))
		return -EINVAL;
	if (set.val != 0)
		err = user_read(&new, set, sizeof(new));
	if (err == 0)
		err = signal_mask(how, set.val != 0 ? &new : NULL, &was);
	if (err < 0 || old.val == 0)
		return err;
	return user_write(old, &was, sizeof(was));
}

s64
sys_rt_sigpending(uaddr_t out, u64 size)
{
	struct sigset set = signal_pending_set();

	if (size > sizeof(set))
		return -EINVAL;
	return user_write(out, &set, size);
}

s64
sys_rt_sigsuspend(uaddr_t user, u64 size)
{
	struct sigset mask;
	int err = sys_sigset_get(user, size, &mask);

	return err < 0 ? err : signal_suspend(mask);
}

static s64
put_info(uaddr_t user, const struct sig_info *info)
{
	char bytes[SIGINFO_BYTES] = {0};

	memcpy(bytes, info, sizeof(*info));
	return user_write(user, bytes, sizeof(bytes));
}

s64
sys_rt_sigtimedwait(uaddr_t user, uaddr_t info, uaddr_t timeout, u64 size)
{
	struct sig_info got;
	struct sigset set;
	u64 deadline;
	int err = sys_sigset_get(user, size, &set);

	if (err == 0)
		err = sys_deadline_get(timeout, &deadline);
	if (err == 0)
		err = signal_timedwait(set, deadline, &got);
	if (err > 0 && info.val != 0 && put_info(info, &got) < 0)
		return -EFAULT;
	return err;
}

s64
sys_rt_sigreturn(void)
{
	return signal_return(arch_user_frame(thread_current()->stack));
}

/* Whether it may say what it says, proc/ decides. */
static int
get_info(uaddr_t user, int sig, struct sig_info *info)
{
	int err = user_read(info, user, sizeof(*info));

	info->signo = sig;
	info->pad = 0;
	return err;
}

s64
sys_rt_sigqueueinfo(int pid, int sig, uaddr_t user)
{
	struct sig_info info;
	int err = get_info(user, sig, &info);

	return err < 0 ? err : signal_queue(pid, &info);
}

s64
sys_rt_tgsigqueueinfo(int tgid, int tid, int sig, uaddr_t user)
{
	struct sig_info info;
	int err = get_info(user, sig, &info);

	return err < 0 ? err : signal_tgqueue(tgid, tid, &info);
}

s64
sys_sigaltstack(uaddr_t new, uaddr_t old)
{
	u64 sp = arch_user_frame(thread_current()->stack)->regs[REG_SP];
	struct altstack want, was;
	stack_t user;
	int err;

	if (new.val != 0) {
		if (user_read(&user, new, sizeof(user)) < 0)
			return -EFAULT;
		want = (struct altstack){.base = (u64)user.ss_sp,
		    .size_bytes = user.ss_size,
		    .flags = (u32)user.ss_flags};
	}
	err = signal_altstack(new.val != 0 ? &want : NULL, sp, &was);
	if (err < 0 || old.val == 0)
		return err;
	memset(&user, 0, sizeof(user));
	user.ss_sp = (void *)was.base;
	user.ss_size = was.size_bytes;
	user.ss_flags = (int)was.flags;
	return user_write(old, &user, sizeof(user));
}

s64
sys_kill(int pid, int sig)
{
	return signal_kill(pid, sig);
}

s64
sys_tkill(int tid, int sig)
{
	return signal_tkill(tid, sig);
}

s64
sys_tgkill(int tgid, int tid, int sig)
{
	return signal_tgkill(tgid, tid, sig);
}

s64
sys_restart_syscall(void)
{
	return signal_restart();
}
