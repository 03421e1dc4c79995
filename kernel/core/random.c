/*
 * The state is one key of ChaCha20.  Asking for bytes runs the cipher once:
 * the first half of the block is the next key, the second half is given out or,
 * for longer requests, is the key of a stream for that request alone.  So who
 * learns the key later cannot compute what was given out before.
 *
 * Stirring in is the same with the input added to the key first: it can't make
 * the state more guessable than it was, whoever chose the input.
 */
#include "core/random.h"

#include "arch/riscv/arch.h"
#include "core/printk.h"
#include "core/spinlock.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/chacha20.h"
#include "lib/fdt.h"
#include "lib/string.h"

#define KEY_BYTES (4 * CHACHA20_KEY_WORDS)

static_assert(2 * KEY_BYTES == CHACHA20_BLOCK_BYTES, "a block is two keys");

static struct spinlock random_lock = SPINLOCK_INIT(RANK_RANDOM);
static u32 key[CHACHA20_KEY_WORDS]; /* random_lock */
static u64 interrupt_times;         /* a: a hash of them */

void
random_note_time(u64 ticks)
{
	/* Any odd multiplier that spreads bits; this is the golden ratio's. */
	const u64 spread = 0x9e3779b97f4a7c15ul;

	/* Two harts at once may lose one time, which does no harm. */
	atomic_store(
	    &interrupt_times, (atomic_load(&interrupt_times) ^ ticks) * spread);
}

/* The next key; spare is the block's other half. */
static void
step(u8 spare[KEY_BYTES]) MUST_HOLD(&random_lock)
{
	u8 block[CHACHA20_BLOCK_BYTES];
	u64 ticks = arch_ticks();
	u64 times = atomic_load(&interrupt_times);
	/* Not secret, but different each time, and on each hart. */
	u32 nonce[CHACHA20_NONCE_WORDS] = {ticks, times, times >> 32};

	chacha20_block(key, 0, nonce, block);
	memcpy(key, block, KEY_BYTES);
	memcpy(spare, block + KEY_BYTES, KEY_BYTES);
}

/* len bytes of the stream that stream_key has by itself. */
static void
fill(u8 *dst, size_t len, const u32 stream_key[CHACHA20_KEY_WORDS])
{
	static const u32 nonce[CHACHA20_NONCE_WORDS];
	u8 block[CHACHA20_BLOCK_BYTES];
	u32 counter = 0;

	while (len > 0) {
		size_t n = MIN(len, sizeof(block));

		chacha20_block(stream_key, counter++, nonce, block);
		memcpy(dst, block, n);
		dst += n;
		len -= n;
	}
}

void
random_bytes(void *dst, size_t len)
{
	u32 spare[CHACHA20_KEY_WORDS];

	spin_lock(&random_lock);
	step((u8 *)spare);
	spin_unlock(&random_lock);
	if (len <= sizeof(spare))
		memcpy(dst, spare, len);
	else
		fill(dst, len, spare);
}

u64
random_u64(void)
{
	u64 v;

	random_bytes(&v, sizeof(v));
	return v;
}

void
random_mix(const void *src, size_t len)
{
	const u8 *p = src;
	u8 spare[KEY_BYTES];

	spin_lock(&random_lock);
	while (len > 0) {
		size_t n = MIN(len, (size_t)KEY_BYTES);
		size_t i;

		for (i = 0; i < n; i++)
			((u8 *)key)[i] ^= p[i];
		step(spare);
		p += n;
		len -= n;
	}
	spin_unlock(&random_lock);
}

void
random_init(const struct fdt *fdt)
{
	static const char *const seeds[] = {"rng-seed", "kaslr-seed"};
	const struct fdt_node *chosen = fdt_find_path(fdt, "/chosen");
	struct fdt_prop prop;
	bool found = false;

	for (size_t i = 0; chosen != NULL && i < ARRAY_SIZE(seeds); i++) {
		if (!fdt_prop(fdt, chosen, seeds[i], &prop))
			continue;
		random_mix(prop.data, prop.len_bytes);
		found |= prop.len_bytes >= KEY_BYTES;
	}
	if (!found)
		printk("random: no seed in the device tree: bytes may be"
		       " guessed\n");
}
