/* What the machine does at most, measured on as many threads as the context has. */
#include "base/ctx.h"
#include "kernel/kernel.h"

#include <string.h>
#include <time.h>

enum { MEASUREMENTS = 10, ROUNDS = 1 << 21, PIECE = 1 << 16 };
static const double LEAST = 5e-3; /* seconds of one measurement */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void probe_lane(void *arg, int64_t begin, int64_t end, int lane) {
  const sl_ctx *c = arg;
  (void)lane;
  for (int64_t i = begin; i < end; i++) c->k->real[SL_F32].probe(ROUNDS);
}

double sl_peak_flops(sl_ctx *c) {
  double flops = sl_threads(c) * c->k->real[SL_F32].probe(ROUNDS), best = 0;
  for (int i = 0; i < MEASUREMENTS; i++) {
    double start = now();
    sl_parallel_for(c, sl_threads(c), 1, probe_lane, c);
    double rate = flops / (now() - start);
    if (rate > best) best = rate;
  }
  return best;
}

typedef struct copying {
  char *to;
  const char *from;
} copying;

static void copy_piece(void *arg, int64_t begin, int64_t end, int lane) {
  const copying *k = arg;
  (void)lane;
  memcpy(k->to + begin, k->from + begin, (size_t)(end - begin));
}

/* Seconds of `repeats` copies of n bytes. */
static double copy_time(sl_ctx *c, copying *k, int64_t n, int64_t repeats) {
  double start = now();
  for (int64_t i = 0; i < repeats; i++) sl_parallel_for(c, n, PIECE, copy_piece, k);
  return now() - start;
}

double sl_peak_copy(sl_ctx *c, int64_t bytes) {
  int64_t n = bytes / 2, repeats = 1;
  char *buffer = sl_alloc(c, (size_t)(2 * n), "peak_copy");
  if (!buffer) return 0;
  memset(buffer, 1, (size_t)(2 * n));
  copying k = {buffer + n, buffer};
  while (copy_time(c, &k, n, repeats) < LEAST) repeats *= 2;
  double best = copy_time(c, &k, n, repeats);
  for (int i = 1; i < MEASUREMENTS; i++) {
    double seconds = copy_time(c, &k, n, repeats);
    if (seconds < best) best = seconds;
  }
  sl_free(c, buffer);
  return 2.0 * (double)n * (double)repeats / best;
}
