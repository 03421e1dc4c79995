/*
 * What the parts of init have of each other.
 */
#ifndef USER_INIT_INIT_H
#define USER_INIT_INIT_H

#include <sys/types.h>

/* Each argument of the command that `./calf exec` brings, ended by a zero. */
#define ARGV_FILE "/calf/argv"

/*
 * Handed on to the init of a disk: that it is on one; an open ARGV_FILE; and,
 * if the initramfs is still there to go back to, its open root.
 */
#define ROOT_WORD "calf_root"
#define ARGV_WORD "calf_argv"
#define BACK_WORD "calf_back"

/*
 * The first argument of the initramfs's init when it is only to end everything;
 * the second is the number for reboot(2).
 */
#define END_ARG "--end"

/*
 * If the kernel's command line has root=DISK, the disk becomes / and its init
 * this process.  Returns if there is no such word, or, having said why, if that
 * cannot be done: then all is as before.
 */
void root_switch(void);

/* For the init of a disk: keeps what was handed on from its children. */
void root_keep(void);

/*
 * Goes back to the initramfs, whose init then can unmount the disk that this
 * one runs from, and ends the machine.  Returns if that cannot be done.
 */
void root_leave(int how);

/* Mounts what /etc/fstab, if there is one, wants mounted at boot. */
void fstab_mount_all(void);

/*
 * Takes down what is mounted; a disk that is in use, as the root is, becomes
 * read-only.  When it returns, every disk is as if it had been unmounted, or
 * the console says which is not.
 */
void unmount_all(void);

/* The word that names the terminal of the command's own input and output. */
#define CHANNEL_WORD "calf_channel"

/* That terminal, ready, for the command's output; -1 if there is none. */
int channel_open(const char *name);

/*
 * What the command's input is: without a channel, or if the host has none for
 * it, nothing; else a pipe that a child of ours fills.  The host has been told
 * that there is a channel, and nothing is written there before this returns.
 */
int channel_input(void);

/* What was written to the channel has left the machine. */
void channel_drain(void);

/*
 * From here on the signals that end the machine wait for reap_until.  A child
 * forgets that before it becomes another program.
 */
void listen_for_signals(void);
void forget_signals(void);

/*
 * Reaps whatever ends until `child` does; returns its wait status.  Does not
 * return if a signal asks for the machine's end.
 */
int reap_until(pid_t child);

/*
 * The command has ended, so what it left running ends too: the line that
 * follows must be the last one, and nobody may have a disk in use.
 */
void kill_stragglers(void);

/* Unmounts everything and ends the machine; `how` is for reboot(2). */
void leave(int how) __attribute__((noreturn));

/* The same after everybody has been asked to end, and then made to. */
void end_session(int how) __attribute__((noreturn));

/* Says what went wrong, and powers off. */
void die(const char *what) __attribute__((noreturn));

#endif
