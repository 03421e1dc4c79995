#include "fs/mount_options.h"

#include "lib/string.h"
#include "mm/frame.h"

/* A number, and perhaps a unit; *end is what follows it. */
static int
parse_number(const char *text, u32 base, const char **end, u64 *out)
{
	static const char units[] = "kmg";
	bool of_memory = base == BASE_OF_MEMORY;
	const char *unit;
	int err = str_to_u64(text, of_memory ? 0 : base, end, out);

	if (err != 0)
		return -EINVAL;
	if (**end == '%' && of_memory) {
		*out = page_count * PAGE_SIZE / 100 * *out;
		(*end)++;
		return 0;
	}
	unit = **end ? strchr(units, **end | 0x20) : NULL;
	if (unit) {
		*out <<= 10 * (unit - units + 1);
		(*end)++;
	}
	return 0;
}

static int
parse_one(const struct mount_option *known, u32 nr, const char *text,
    const char **end)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		if (!str_starts(text, known[i].name))
			continue;
		text += strlen(known[i].name);
		if (known[i].value)
			return parse_number(
			    text, known[i].base, end, known[i].value);
		*end = text;
		return 0;
	}
	return -EINVAL;
}

int
mount_options_parse(const struct mount_option *known, u32 nr, const char *text)
{
	int err = 0;

	while (err == 0 && text && *text) {
		err = parse_one(known, nr, text, &text);
		if (err == 0 && *text == ',')
			text++;
		else if (err == 0 && *text)
			err = -EINVAL;
	}
	return err;
}
