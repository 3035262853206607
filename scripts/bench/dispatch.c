/* bench_dispatch: what one op costs from C beside its arithmetic: add of 8 floats, in microseconds, without and with
   recording, as one line of JSON. */
#include "sdelua.h"

#include <stdio.h>
#include <time.h>

enum { MEASUREMENTS = 20, CALLS = 20000, FLOATS = 8 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds of a call, its result released at once. */
static double add_time(sl_ctx *c, sl_tensor *x, sl_tensor *y) {
  double start = now();
  for (int i = 0; i < CALLS; i++) {
    size_t mark = sl_pool_open(c);
    sl_add(c, x, y);
    sl_pool_close(c, mark);
  }
  return (now() - start) / CALLS;
}

static double least(sl_ctx *c, sl_tensor *x, sl_tensor *y) {
  double best = add_time(c, x, y);
  for (int i = 0; i < MEASUREMENTS; i++) {
    double t = add_time(c, x, y);
    if (t < best) best = t;
  }
  return best;
}

int main(void) {
  sl_ctx *c = sl_ctx_new(1);
  if (!c) return 1;
  size_t mark = sl_pool_open(c);
  const int64_t shape[] = {FLOATS};
  sl_tensor *x = sl_full(c, SL_F32, 1, shape, 1), *y = sl_full(c, SL_F32, 1, shape, 2);
  double plain = least(c, x, y);
  sl_require_grad(c, x, true);
  double recorded = least(c, x, y);
  sl_error e;
  bool failed = sl_error_take(c, &e);
  if (failed) fprintf(stderr, "bench_dispatch: %s\n", e.message);
  else printf("{\"plain_us\": %.4f, \"recorded_us\": %.4f}\n", plain * 1e6, recorded * 1e6);
  sl_pool_close(c, mark);
  sl_ctx_free(c);
  return failed;
}
