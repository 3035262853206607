/* gemm against plain sums in double; and that an element's bits depend on its own
   row, column and terms alone. */
#include "kernels.h"

/* ---- gemm ---------------------------------------------------------------------- */

typedef struct shape { int64_t batch, m, n, k; } shape;
static const shape shapes[] = {
  {1, 1, 1, 1},   {1, 3, 5, 7},     {1, 13, 33, 65},  {2, 12, 32, 64}, {1, 100, 1, 20}, {1, 1, 100, 30},
  {3, 25, 17, 5}, {1, 7, 9, 1000},  {1, 130, 70, 321}, {1, 97, 50, 640}, {1, 5, 6, 0},    {4, 4, 4, 4},
  {1, 3, 20, 5000}, {1, 512, 128, 3}, {0, 4, 4, 4},    {1, 0, 4, 4},    {1, 4, 0, 4},
};

/* form: bits 0 a transposed, 1 b transposed, 2 bias, 3 accumulate, 4 a spread out */
static sl_gemm describe(const shape *s, int form, void *a, void *b, void *c, void *bias) {
  bool ta = form & 1, tb = form & 2, spread = form & 16;
  sl_gemm g = {.batch = s->batch, .m = s->m, .n = s->n, .k = s->k, .a = a, .b = b, .c = c,
               .a_row = ta ? 1 : s->k, .a_col = ta ? s->m : 1, .a_batch = s->m * s->k,
               .b_row = tb ? 1 : s->n, .b_col = tb ? s->k : 1, .b_batch = s->k * s->n,
               .c_row = s->n + 2, .c_batch = s->m * (s->n + 2),
               .bias = form & 4 ? bias : NULL, .accumulate = (form & 8) != 0};
  if (spread) g.a_row *= 2, g.a_col *= 2, g.a_batch *= 2;
  return g;
}

static double ref_gemm(const sl_gemm *g, int d, int64_t b, int64_t i, int64_t j, double start, double *size) {
  double bias = g->bias ? real_at(d, g->bias, j) : 0, sum = start + bias;
  *size = fabs(start) + fabs(bias);
  for (int64_t p = 0; p < g->k; p++) {
    double t = real_at(d, g->a, b * g->a_batch + i * g->a_row + p * g->a_col) *
               real_at(d, g->b, b * g->b_batch + p * g->b_row + j * g->b_col);
    sum += t, *size += fabs(t);
  }
  return sum;
}

TEST(gemm_matches) {
  EACH_TABLE(k)
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
      for (int form = 0; form < 32; form++)
        for (int d = 0; d < 2; d++) {
          const shape *s = &shapes[i];
          if (s->m * s->n * s->k > 1000000 && form % 5) continue;
          void *a = reals(d, 2 * s->batch * s->m * s->k, 1, 0), *b = reals(d, s->batch * s->k * s->n, 1, 0);
          int64_t size = s->batch * s->m * (s->n + 2);
          void *y = reals(d, size, 1, 0), *before = malloc((size_t)size * 8 + 8), *bias = reals(d, s->n, 1, 0);
          memcpy(before, y, (size_t)size * real_size(d));
          sl_gemm g = describe(s, form, a, b, y, bias);
          CHECK(k->real[d].gemm(c, &g));
          bool fine = true;
          for (int64_t e = 0; e < size && fine; e++) {
            int64_t row = e / (s->n + 2), col = e % (s->n + 2);
            double scale = 0, was = real_at(d, before, e);
            double want = col >= s->n ? was
                        : ref_gemm(&g, d, row / s->m, row % s->m, col, g.accumulate ? was : 0, &scale);
            fine = NEAR(real_at(d, y, e), want, 6 * eps_of(d) * scale, "gemm");
          }
          free(a), free(b), free(y), free(before), free(bias);
        }
}

/* Rows and columns taken out of a product give the same bits as in it. */
TEST(gemm_bits_do_not_depend_on_place) {
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int form = 0; form < 4; form++) {
        shape whole = {1, 61, 75, 700};
        void *a = reals(d, 2 * whole.m * whole.k, 1, 0), *b = reals(d, whole.k * whole.n, 1, 0);
        void *y = reals(d, whole.m * (whole.n + 2), 1, 0), *z = reals(d, whole.m * (whole.n + 2), 1, 0);
        sl_gemm g = describe(&whole, form, a, b, y, NULL);
        CHECK(k->real[d].gemm(c, &g));
        for (int64_t m = 1; m < 40; m += 6)
          for (int64_t n = 1; n < 50; n += 13) {
            int64_t row = whole.m - m - 1, col = whole.n - n - 2;
            sl_gemm part = g;
            part.m = m, part.n = n, part.c = z;
            part.a = (char *)a + (size_t)(row * g.a_row) * real_size(d);
            part.b = (char *)b + (size_t)(col * g.b_col) * real_size(d);
            CHECK(k->real[d].gemm(c, &part));
            for (int64_t i = 0; i < m; i++)
              for (int64_t j = 0; j < n; j++)
                if (!CHECK(real_at(d, z, i * g.c_row + j) == real_at(d, y, (row + i) * g.c_row + col + j))) goto next;
          }
      next:
        free(a), free(b), free(y), free(z);
      }
}

/* Threads change the schedule only, also where few elements have many terms. */
TEST(gemm_bits_do_not_depend_on_threads) {
  static const shape some[] = {{1, 9, 8, 30000}, {1, 200, 100, 900}, {5, 30, 40, 50}, {1, 40, 300, 100}};
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int i = 0; i < 4; i++)
        for (int form = 0; form < 16; form += 5) {
          const shape *s = &some[i];
          void *a = reals(d, 2 * s->batch * s->m * s->k, 1, 0), *b = reals(d, s->batch * s->k * s->n, 1, 0), *y[3];
          void *bias = reals(d, s->n, 1, 0);
          size_t bytes = (size_t)(s->batch * s->m * (s->n + 2)) * real_size(d);
          for (int t = 0; t < 3; t++) {
            y[t] = reals(d, s->batch * s->m * (s->n + 2), 0, 0.5);
            sl_threads_set(c, t + 1);
            sl_gemm g = describe(s, form, a, b, y[t], bias);
            CHECK(k->real[d].gemm(c, &g));
          }
          CHECK(!memcmp(y[0], y[1], bytes) && !memcmp(y[0], y[2], bytes));
          for (int t = 0; t < 3; t++) free(y[t]);
          free(a), free(b), free(bias);
        }
}

TEST(gemm_out_of_memory) {
  static float a[100], b[100], y[100];
  sl_gemm g = {.batch = 1, .m = 10, .n = 10, .k = 10, .a = a, .a_row = 10, .a_col = 1, .b = b, .b_row = 10, .b_col = 1,
               .c = y, .c_row = 10};
  EACH_TABLE(k) {
    sl_mem_fail(c, 1, false);
    CHECK(!k->real[SL_F32].gemm(c, &g));
    sl_mem_fail(c, 0, false);
    CHECK_ERROR(c, SL_EMEMORY, "");
  }
}
