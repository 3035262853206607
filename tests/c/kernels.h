/* What the kernel tests share: the tables this machine runs, numbers to feed
   them, and both floating types behind one pair of functions. */
#ifndef KERNELS_H
#define KERNELS_H

#include "base/ctx.h"
#include "kernel/kernel.h"
#include "test.h"

#include <float.h>

/* for (each table that runs here) with k set. */
#define EACH_TABLE(k)                                                                                   \
  for (int table_ = 0; table_ < 3; table_++)                                                            \
    for (const sl_kernels *k = table_named((const char *[]){"baseline", "avx2", "avx512"}[table_]); k; k = NULL)

static inline const sl_kernels *table_named(const char *isa) {
  setenv("SDELUA_ISA", isa, 1);
  const sl_kernels *k = sl_kernels_choose();
  unsetenv("SDELUA_ISA");
  return k;
}

static inline void *named(const void *first, size_t size, const char *name) {
  for (const char *row = first; *(const char *const *)row; row += size)
    if (!strcmp(*(const char *const *)row, name)) return (void *)(uintptr_t)row;
  printf("no kernel %s\n", name);
  abort();
}
#define UNARY(k, name) ((const sl_unary_kernel *)named((k)->unary, sizeof *(k)->unary, name))
#define BINARY(k, name) ((const sl_binary_kernel *)named((k)->binary, sizeof *(k)->binary, name))
#define REDUCE(k, name) ((const sl_reduce_kernel *)named((k)->reduce, sizeof *(k)->reduce, name))

/* The same numbers every run: uniform on [-1, 1). */
static uint64_t seed_ = 1;
static inline double number(void) {
  seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
  return (double)(seed_ >> 11) * 0x1p-52 - 1;
}

static inline double real_at(int d, const void *p, int64_t i) {
  return d == SL_F32 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}
static inline void real_put(int d, void *p, int64_t i, double x) {
  if (d == SL_F32) ((float *)p)[i] = (float)x;
  else ((double *)p)[i] = x;
}
static inline size_t real_size(int d) { return d == SL_F32 ? 4 : 8; }

/* n numbers times scale plus shift; zeros when scale is 0. Freed by the caller. */
static inline void *reals(int d, int64_t n, double scale, double shift) {
  void *p = malloc((size_t)(n + 1) * 8);
  for (int64_t i = 0; i < n; i++) real_put(d, p, i, scale ? number() * scale + shift : shift);
  return p;
}

static inline double eps_of(int d) { return d == SL_F32 ? (double)FLT_EPSILON : DBL_EPSILON; }

/* |got - want| <= bound; NaN fits NaN only. Says where, once per call site. */
#define NEAR(got, want, bound, what) near_(got, want, bound, what, __FILE__, __LINE__)
static inline int near_(double got, double want, double bound, const char *what, const char *file, int line) {
  if (got == want || (got != got && want != want) || fabs(got - want) <= bound) return 1;
  char text[160];
  snprintf(text, sizeof text, "%s: %.9g, expected %.9g within %.2g", what, got, want, bound);
  return test_check(0, file, line, "near", text);
}

#endif
