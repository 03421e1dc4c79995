/* The ChaCha20 block function, as RFC 8439 section 2.3 defines it. */
#ifndef LIB_CHACHA20_H
#define LIB_CHACHA20_H

#include "lib/types.h"

#define CHACHA20_KEY_WORDS   8
#define CHACHA20_NONCE_WORDS 3
#define CHACHA20_BLOCK_BYTES 64

/* Words are in the machine's order, which is little-endian as the RFC's is. */
void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
    const u32 nonce[CHACHA20_NONCE_WORDS], u8 out[CHACHA20_BLOCK_BYTES]);

#endif
