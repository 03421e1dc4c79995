/*
 * What of sockets the UAPI headers leave to the C library: families, types,
 * flags of messages, and the structures of sendmsg, as Linux has them.
 */
#ifndef NET_ABI_H
#define NET_ABI_H

#include <asm/socket.h>
#include <linux/fcntl.h>
#include <linux/socket.h>
#include <linux/un.h>

#include "lib/assert.h"
#include "lib/types.h"

#define AF_UNSPEC 0
#define AF_UNIX   1
#define AF_MAX    46

#define SOCK_STREAM    1
#define SOCK_DGRAM     2
#define SOCK_RAW       3
#define SOCK_SEQPACKET 5
#define SOCK_MAX       11
#define SOCK_TYPE_MASK 0xf
#define SOCK_CLOEXEC   O_CLOEXEC
#define SOCK_NONBLOCK  O_NONBLOCK

#define MSG_OOB          0x1
#define MSG_PEEK         0x2
#define MSG_CTRUNC       0x8
#define MSG_TRUNC        0x20
#define MSG_DONTWAIT     0x40
#define MSG_WAITALL      0x100
#define MSG_NOSIGNAL     0x4000
#define MSG_WAITFORONE   0x10000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SCM_RIGHTS      1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD      253 /* descriptors in one message */

#define SOMAXCONN 4096 /* /proc/sys/net/core/somaxconn of Linux */

/* How shutdown counts, and the bits that it comes down to, one more each. */
enum {
	SHUT_RD,
	SHUT_WR,
	SHUT_RDWR,
};

struct ucred {
	s32 pid;
	u32 uid;
	u32 gid;
};

struct user_msghdr {
	uaddr_t name;
	s32 name_len;
	uaddr_t iov;
	u64 nr_iov;
	uaddr_t control;
	u64 control_len;
	u32 flags;
};
static_assert(sizeof(struct user_msghdr) == 56, "struct msghdr of the ABI");

struct user_mmsghdr {
	struct user_msghdr msg;
	u32 len;
};
static_assert(sizeof(struct user_mmsghdr) == 64, "struct mmsghdr of the ABI");

struct cmsghdr {
	u64 len; /* with this header */
	s32 level;
	s32 type;
};

#endif
