#include "replay.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

/* Inputs of fuzzers are small. */
#define INPUT_MAX_BYTES 65536

/* In memory of just this length, so that the sanitizer guards its end. */
static void
replay(const void *data, size_t len)
{
	uint8_t *copy = malloc(len);

	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
replay_file(const char *dir, const char *name)
{
	static uint8_t buf[INPUT_MAX_BYTES];
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "rb");
	assert_non_null(f);
	replay(buf, fread(buf, 1, sizeof(buf), f));
	fclose(f);
}

void
replay_corpus(const char *name)
{
	char path[256];
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "tests/host/corpus/%s", name);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		replay_file(path, entry->d_name);
		count++;
	}
	closedir(dir);
	assert_true(count > 0);
}

/* Numbers that break things more often than others. */
static uint8_t
bad_byte(void)
{
	static const uint8_t bad[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
	uint64_t r = fake_random();

	return r % 2 ? bad[r / 2 % sizeof(bad)] : r >> 8;
}

void
replay_damaged(const void *data, size_t len, unsigned int count)
{
	uint8_t *copy = malloc(len);
	unsigned int i, changes;
	size_t n;

	for (n = 0; n < len; n++)
		replay(data, n);
	for (i = 0; i < count; i++) {
		memcpy(copy, data, len);
		for (changes = fake_random() % 4 + 1; changes > 0; changes--)
			copy[fake_random() % len] = bad_byte();
		replay(copy, len);
	}
	free(copy);
}
