/* What cowtop and cowmap have in common. */
#ifndef COWTOP_H
#define COWTOP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

/* All of a file, to be freed; NULL and errno when it can't be read. */
char *slurp(const char *path);

int map_main(int argc, char **argv);

#endif
