/*
 * A program of the host that is asked for the same thing again and again, such
 * as e2fsck, in one process (tests/host/again_main.c).
 */
#ifndef HOST_SERVED_H
#define HOST_SERVED_H

#include <stdbool.h>

struct served {
	int ask, answer;
	char out[96]; /* the file with what it printed last */
};

/*
 * Loads argv[0], which will run in the folder dir, with argv as its arguments
 * each time, and ends with us.
 */
void served_start(struct served *s, const char *dir, const char *out,
    const char *const *argv);
/* Ends it. */
void served_stop(struct served *s);
/* Runs it once; its exit status, -1 if it has ended. */
int served_run(struct served *s);
/* Is each line that it printed empty, or begins with one of those? */
bool served_said_only(const struct served *s, const char *const *beginnings);

#endif
