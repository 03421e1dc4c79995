/* The calls, and what tests/xv6/user/ulib.c has. */
struct stat;

int fork(void);
int exit(int) __attribute__((noreturn));
int wait(int *);
int pipe(int *);
int write(int, const void *, int);
int read(int, void *, int);
int close(int);
int kill(int);
int exec(const char *, char **);
int open(const char *, int);
int mknod(const char *, short, short);
int unlink(const char *);
int fstat(int, struct stat *);
int link(const char *, const char *);
int mkdir(const char *);
int chdir(const char *);
int dup(int);
int getpid(void);
char *sys_sbrk(int, int);
int pause(int);
int uptime(void);

char *sbrk(int);
char *sbrklazy(int);
unsigned int strlen(const char *);
void *memset(void *, int, uint);
int same(const char *, const char *);
/* One thing that must hold; and the end, which says whether all did. */
void check(int holds, const char *what);
void done(void) __attribute__((noreturn));
/* What a child that runs f ends with, as wait has it. */
int status_of(void (*f)(void));
