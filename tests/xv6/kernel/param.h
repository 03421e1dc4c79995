/* Limits. */
#define NPROC     64
#define NOFILE    16
#define ROOTDEV   1
#define MAXARG    32
#define MAXPATH   128
#define USERSTACK 1
