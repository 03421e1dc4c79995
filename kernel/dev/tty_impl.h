/* What the parts of the terminal have in common. */
#ifndef DEV_TTY_IMPL_H
#define DEV_TTY_IMPL_H

#include "dev/tty.h"

/* NULL before proc/ has registered its part. */
const struct tty_job_ops *tty_job_ops(void);
/* 0 or the error that keeps the caller from the terminal; see may_use. */
int tty_check_job(struct tty *t, int signo);
bool tty_hung_up(const struct tty_file *f);
/* Holds output back, or not. */
void tty_hold_locked(struct tty *t, bool hold) MUST_HOLD(&t->queue_lock);
/* There is room for input that was refused, perhaps. */
void tty_resume_input_locked(struct tty *t) MUST_HOLD(&t->queue_lock);
/*
 * Input at most as much as tty_input_room said; returns line_events, to be
 * acted upon (tty_act_on) without the lock.
 */
u32 tty_input_locked(struct tty *t, const char *buf, size_t len)
    MUST_HOLD(&t->queue_lock);
/* Bytes of input that it would take; for 0, input_wanted is called later. */
size_t tty_input_room_locked(struct tty *t) MUST_HOLD(&t->queue_lock);
/* Locks: none. */
void tty_act_on(struct tty *t, u32 events);
/* What was typed and not read goes. */
void tty_flush_input_locked(struct tty *t) MUST_HOLD(&t->queue_lock);
/* What was written and has not left goes, and its room is free. */
void tty_flush_output_locked(struct tty *t) MUST_HOLD(&t->queue_lock);
/* New settings. */
void tty_set_locked(struct tty *t, const struct termios2 *set)
    MUST_HOLD(&t->queue_lock);
/*
 * One of several who use a side at a time.  Errors: -EAGAIN, -ERESTARTSYS.
 */
int tty_lock_side(struct mutex *m, bool nonblock) MUST_CHECK;
/* Waits until all output has left.  Errors: -ERESTARTSYS. */
int tty_drain(struct tty_file *f);

#endif
