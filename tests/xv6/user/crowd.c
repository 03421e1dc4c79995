/* As many processes as there can be, and what is left of them. */
#include "kernel/types.h"

#include "user/user.h"

int
main(void)
{
	int go[2], nr = 0, ended = 0, pid, rounds;

	for (rounds = 0; rounds < 3; rounds++) {
		pipe(go);
		for (nr = 0; nr < 1000; nr++) {
			pid = fork();
			if (pid < 0)
				break;
			if (pid == 0) {
				char c;

				close(go[1]);
				read(go[0], &c, 1);
				exit(0);
			}
		}
		close(go[0]);
		close(go[1]);
		check(nr > 60 && nr < 1000, "fork fails before the thousandth");
		for (ended = 0; wait(0) > 0; ended++)
			;
		check(ended == nr, "and every child ends");
	}
	done();
}
