#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR   2
#define O_CREATE 0x200
#define O_TRUNC  0x400
