/*
 * Unit tests run the same function as the fuzzers, over the inputs that are
 * kept in tests/host/corpus and over damaged copies of a good one.
 */
#ifndef HOST_REPLAY_H
#define HOST_REPLAY_H

#include <stddef.h>
#include <stdint.h>

/* The one function of a fuzzer; its name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Each file of tests/host/corpus/NAME; there must be some. */
void replay_corpus(const char *name);

/* Every shorter version, and `count` copies with some bytes changed. */
void replay_damaged(const void *data, size_t len, unsigned int count);

#endif
