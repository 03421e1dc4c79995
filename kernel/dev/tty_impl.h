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
/* Waits until all output has left.  Errors: -ERESTARTSYS. */
int tty_drain(struct tty_file *f);

#endif
