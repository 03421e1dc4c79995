/* Names of files: short ones, in short parts. */
#include "layer.h"

static char names[2][MAXPATH];

/* Each part of the name loses what is behind its first DIRSIZ characters. */
static void
copy_cut(char *to, const char *from, long len)
{
	long in_part = 0;

	for (; len > 0; len--, from++) {
		in_part = *from == '/' ? 0 : in_part + 1;
		if (in_part <= DIRSIZ)
			*to++ = *from;
	}
	*to = '\0';
}

const char *
xv6_name(const char *user, int which)
{
	long len = xv6_string_length(user, MAXPATH);

	if (len < 0)
		return 0;
	copy_cut(names[which], user, len);
	return names[which];
}
