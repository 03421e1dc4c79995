/* What a signal tells its receiver. */
#ifndef PROC_SIGNAL_INFO_H
#define PROC_SIGNAL_INFO_H

#include "lib/types.h"

/* A timer of the kernel's sent it: what a program says to be of one, is not. */
#define SIG_INFO_OF_TIMER 1

/*
 * struct sig_info: the first 48 bytes of the ABI's siginfo_t; the rest of that
 * is zero.
 */
struct sig_info {
	s32 signo;
	s32 error;
	s32 code; /* SI_*, CLD_*, SEGV_* ... */
	s32 pad;  /* SIG_INFO_OF_TIMER while it is queued, else 0 */
	union {
		struct {
			s32 pid;
			u32 uid;
			u64 value;
		} from; /* kill, tgkill, sigqueue */
		struct {
			s32 pid;
			u32 uid;
			s32 status;
			s32 pad;
			s64 utime_ticks; /* USER_HZ */
			s64 stime_ticks;
		} child;
		struct {
			s32 id;
			s32 overrun;
			u64 value;
		} timer;
		struct {
			u64 addr;
		} fault;
		struct {
			s64 band;
			s32 fd;
		} poll;
		u64 words[4];
	};
};

#endif
