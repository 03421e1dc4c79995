/*
 * What the parts of init have of each other.
 */
#ifndef USER_INIT_INIT_H
#define USER_INIT_INIT_H

/* Each argument of the command that `./calf exec` brings, ended by a zero. */
#define ARGV_FILE "/calf/argv"

/* Handed on to the init of a disk: that it is on one, and an open ARGV_FILE. */
#define ROOT_WORD "calf_root"
#define ARGV_WORD "calf_argv"

/*
 * If the kernel's command line has root=DISK, the disk becomes / and its init
 * this process.  Returns if there is no such word, or, having said why, if that
 * cannot be done: then all is as before.
 */
void root_switch(void);

/* Mounts what /etc/fstab, if there is one, wants mounted at boot. */
void fstab_mount_all(void);

/*
 * Takes down what is mounted; a disk that is in use, as the root is, becomes
 * read-only.  When it returns, every disk is as if it had been unmounted, or
 * the console says which is not.
 */
void unmount_all(void);

#endif
