/*
 * crash_compare: has calf (or Linux) replayed a journal as e2fsck does?
 *
 *	crash_compare A B
 *
 * A and B are the same image after each has replayed it.  All their blocks must
 * be equal but for the journal itself, which is empty then, and the superblock,
 * in which every mount leaves its time and state.  Prints the blocks that
 * differ.  Exit status: 0, 1 if some do, 2 for trouble.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The format, as far as it leads to the journal: ext2's documentation. */
#define SUPER_AT         1024
#define SUPER_BYTES      1024
#define SUPER_BLOCKS     4
#define SUPER_LOG_SIZE   24
#define SUPER_INODE_SIZE 88
#define GROUP_INODES     8
#define JOURNAL_INO      8
#define INODE_BLOCKS     40
#define NR_DIRECT        12

static const unsigned char *image;
static size_t block_bytes;
static uint32_t nr_blocks;
static bool *is_journal;

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "crash_compare: %s: %s\n", what, why);
	exit(2);
}

static const unsigned char *
map_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st))
		die(path, strerror(errno));
	p = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		die(path, strerror(errno));
	close(fd);
	*size = st.st_size;
	return p;
}

static uint32_t
word(size_t at)
{
	uint32_t value;

	memcpy(&value, image + at, sizeof(value));
	return value;
}

/* A block of the journal, and at a level above 0 those that it names. */
static void
add_block(uint32_t block, int level)
{
	if (block == 0)
		return;
	if (block >= nr_blocks)
		die("the journal", "a block is out of range");
	is_journal[block] = true;
	for (size_t i = 0; level > 0 && i < block_bytes / 4; i++)
		add_block(word(block * block_bytes + i * 4), level - 1);
}

/* The journal's inode is in the first group, which lies behind block 0 or 1. */
static void
find_journal(void)
{
	size_t inode_bytes, group, inode;

	block_bytes = 1024u << word(SUPER_AT + SUPER_LOG_SIZE);
	nr_blocks = word(SUPER_AT + SUPER_BLOCKS);
	inode_bytes = word(SUPER_AT + SUPER_INODE_SIZE) & 0xffff;
	is_journal = calloc(nr_blocks, sizeof(is_journal[0]));
	if (!is_journal)
		die("the map of blocks", strerror(errno));
	group = block_bytes == 1024 ? 2 * block_bytes : block_bytes;
	inode = word(group + GROUP_INODES) * block_bytes +
	    (JOURNAL_INO - 1) * inode_bytes + INODE_BLOCKS;
	for (int i = 0; i < NR_DIRECT; i++)
		add_block(word(inode + 4 * i), 0);
	for (int level = 1; level <= 3; level++)
		add_block(word(inode + 4 * (NR_DIRECT + level - 1)), level);
}

static bool
differs(const unsigned char *other, uint32_t block)
{
	size_t at = block * block_bytes;
	size_t end = at + block_bytes;

	/* Around the superblock. */
	if (at <= SUPER_AT && end >= SUPER_AT + SUPER_BYTES)
		return memcmp(image + at, other + at, SUPER_AT - at) ||
		    memcmp(image + SUPER_AT + SUPER_BYTES,
			other + SUPER_AT + SUPER_BYTES,
			end - SUPER_AT - SUPER_BYTES);
	return memcmp(image + at, other + at, block_bytes);
}

int
main(int argc, char **argv)
{
	const unsigned char *other;
	size_t size, other_size;
	int status = 0;

	if (argc != 3)
		die("usage", "crash_compare A B");
	image = map_file(argv[1], &size);
	other = map_file(argv[2], &other_size);
	if (size < SUPER_AT + SUPER_BYTES || size != other_size)
		die(argv[2], "another size");
	find_journal();
	if (size < nr_blocks * block_bytes)
		die(argv[1], "too short");
	for (uint32_t block = 0; block < nr_blocks; block++)
		if (!is_journal[block] && differs(other, block)) {
			printf("block %u differs\n", block);
			status = 1;
		}
	return status;
}
