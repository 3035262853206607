/* A libFuzzer harness is FUZZ(decode) after a function that decodes bytes and
   releases what came of them. Beyond what the sanitizers see: a decoder fails
   if and only if it sets an error, and nothing stays alive. */
#ifndef FUZZ_H
#define FUZZ_H

#include "sdelua/io.h"

#include <stdio.h>
#include <stdlib.h>

typedef bool fuzz_decode(sl_ctx *c, const void *data, size_t size);

static inline void fuzz_expect(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static inline void fuzz_one(fuzz_decode *decode, const uint8_t *data, size_t size) {
  static sl_ctx *c;
  sl_error e;
  if (!c) c = sl_ctx_new(1);
  fuzz_expect(c, "no context");
  size_t mark = sl_pool_open(c);
  bool ok = decode(c, data, size);
  bool failed = sl_error_take(c, &e);
  sl_pool_close(c, mark);
  fuzz_expect(ok != failed, "failure without an error, or an error without failure");
  fuzz_expect(sl_mem_live(c) == 0, "live bytes at the end");
  sl_mem_trim(c); /* so that freed memory is the sanitizer's */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
#define FUZZ(decode)                                                 \
  int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {     \
    fuzz_one(decode, data, size);                                    \
    return 0;                                                        \
  }

#endif
