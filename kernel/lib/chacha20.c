#include "lib/chacha20.h"

#include "lib/string.h"

#define STATE_WORDS   16
#define DOUBLE_ROUNDS 10

static u32
rotate(u32 v, int bits)
{
	return v << bits | v >> (32 - bits);
}

static void
quarter_round(u32 *s, int a, int b, int c, int d)
{
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 16);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 12);
	s[a] += s[b];
	s[d] = rotate(s[d] ^ s[a], 8);
	s[c] += s[d];
	s[b] = rotate(s[b] ^ s[c], 7);
}

static void
double_round(u32 *s)
{
	int i;

	for (i = 0; i < 4; i++)
		quarter_round(s, i, i + 4, i + 8, i + 12);
	for (i = 0; i < 4; i++)
		quarter_round(
		    s, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12);
}

void
chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
    const u32 nonce[CHACHA20_NONCE_WORDS], u8 out[CHACHA20_BLOCK_BYTES])
{
	/* "expand 32-byte k" */
	u32 start[STATE_WORDS] = {
	    0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	u32 s[STATE_WORDS];
	int i;

	memcpy(&start[4], key, 4 * CHACHA20_KEY_WORDS);
	start[12] = counter;
	memcpy(&start[13], nonce, 4 * CHACHA20_NONCE_WORDS);
	memcpy(s, start, sizeof(s));
	for (i = 0; i < DOUBLE_ROUNDS; i++)
		double_round(s);
	for (i = 0; i < STATE_WORDS; i++)
		s[i] += start[i];
	memcpy(out, s, sizeof(s));
}
