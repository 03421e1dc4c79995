#include <string.h>

#include "replay.h"

#include "lib/assert.h"
#include "lib/elf.h"
#include "lib/errno.h"

/* The laws of struct elf_segment. */
static void
check_segment(const struct elf_segment *s, u64 file_len)
{
	assert(s->memsz_bytes > 0);
	assert(s->filesz_bytes <= s->memsz_bytes);
	assert(s->vaddr + s->memsz_bytes > s->vaddr);
	assert(s->offset <= file_len);
	assert(s->filesz_bytes <= file_len - s->offset);
	if (s->filesz_bytes > 0)
		assert(s->offset % PAGE_SIZE == s->vaddr % PAGE_SIZE);
}

static void
check_image(const struct elf_image *im, u64 file_len)
{
	u64 end = im->start;
	u32 i;

	assert(im->nr_segments >= 1 && im->nr_segments <= ELF_MAX_SEGMENTS);
	assert(is_aligned(im->start, PAGE_SIZE));
	assert(is_aligned(im->end, PAGE_SIZE));
	assert(im->start < im->end);
	assert((im->align & (im->align - 1)) == 0 && im->align >= PAGE_SIZE);
	for (i = 0; i < im->nr_segments; i++) {
		const struct elf_segment *s = &im->segments[i];

		check_segment(s, file_len);
		assert(align_down(s->vaddr, PAGE_SIZE) >= end);
		end = align_up(s->vaddr + s->memsz_bytes, PAGE_SIZE);
	}
	assert(end == im->end);
	if (im->interp_len_bytes > 0) {
		assert(im->interp_offset <= file_len);
		assert(im->interp_len_bytes <= file_len - im->interp_offset);
	}
}

/* The head may be all of the file, or the file be longer than its head. */
int
LLVMFuzzerTestOneInput(const u8 *data, size_t len)
{
	static struct elf_image im;
	const u64 lengths[] = {len, len / 2, 1ul << 20, UINT64_MAX};
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		err = elf_parse(data, len, lengths[i], &im);
		if (!err)
			check_image(&im, lengths[i]);
		else
			assert(err == -ENOEXEC);
	}
	return 0;
}
