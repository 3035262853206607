/* Norm, attention, softmax and its kin, resampling, random numbers and optimizer
   steps against plain loops in double. */
#include "kernels.h"

static double logistic(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }

static void *copy_of(int d, const void *x, int64_t n) {
  void *y = reals(d, n, 0, 0);
  for (int64_t i = 0; i < n; i++) real_put(d, y, i, real_at(d, x, i));
  return y;
}

static void close_to(int d, const void *got, const double *want, int64_t n, double bound, const char *what) {
  for (int64_t i = 0; i < n; i++)
    if (!NEAR(real_at(d, got, i), want[i], bound, what)) return;
}

/* ---- norm ---------------------------------------------------------------------- */

static const sl_norm norms[] = {{2, 30, 12, 4, 1e-5}, {1, 1, 40, 1, 1e-5}, {3, 100, 8, 8, 1e-5}, {300, 1, 33, 1, 1e-6},
                                {2, 49, 64, 32, 1e-6}, {5, 7, 66, 2, 1e-5}, {2, 1, 5, 5, 1e-5},
                                {2, 600, 24, 6, 1e-5}};
enum { NORMS = sizeof norms / sizeof *norms };

static void norm_ref(const sl_norm *s, int d, bool silu, const void *x, const void *w, const void *b, double *y,
                     double *mean, double *rstd) {
  int64_t cg = s->c / s->g;
  for (int64_t i = 0; i < s->n * s->g; i++) {
    int64_t base = i / s->g * s->p * s->c + i % s->g * cg;
    double sum = 0, square = 0;
    for (int64_t e = 0; e < s->p * cg; e++) sum += real_at(d, x, base + e / cg * s->c + e % cg);
    mean[i] = sum / (double)(s->p * cg);
    for (int64_t e = 0; e < s->p * cg; e++) square += pow(real_at(d, x, base + e / cg * s->c + e % cg) - mean[i], 2);
    rstd[i] = 1 / sqrt(square / (double)(s->p * cg) + s->eps);
    for (int64_t e = 0; e < s->p * cg; e++) {
      int64_t at = base + e / cg * s->c + e % cg, ch = i % s->g * cg + e % cg;
      double z = (real_at(d, x, at) - mean[i]) * rstd[i] * (w ? real_at(d, w, ch) : 1) + (b ? real_at(d, b, ch) : 0);
      y[at] = silu ? z * logistic(z) : z;
    }
  }
}

static void norm_grad_ref(const sl_norm *s, int d, bool silu, const void *x, const void *w, const void *b,
                          const double *mean, const double *rstd, const void *dy, double *dx, double *dw, double *db) {
  int64_t cg = s->c / s->g;
  double count = (double)(s->p * cg);
  for (int64_t i = 0; i < s->n * s->g; i++) {
    int64_t base = i / s->g * s->p * s->c + i % s->g * cg;
    double s1 = 0, s2 = 0;
    for (int pass = 0; pass < 2; pass++)
      for (int64_t e = 0; e < s->p * cg; e++) {
        int64_t at = base + e / cg * s->c + e % cg, ch = i % s->g * cg + e % cg;
        double xhat = (real_at(d, x, at) - mean[i]) * rstd[i], wc = w ? real_at(d, w, ch) : 1;
        double z = xhat * wc + (b ? real_at(d, b, ch) : 0), dz = real_at(d, dy, at), q = logistic(z);
        if (silu) dz *= q * (1 + z * (1 - q));
        if (pass == 0) s1 += dz * wc, s2 += dz * wc * xhat, dw[ch] += dz * xhat, db[ch] += dz;
        else dx[at] = rstd[i] * (dz * wc - s1 / count - xhat * s2 / count);
      }
  }
}

TEST(norm_and_its_gradient_match) {
  for (int i = 0; i < NORMS * 8; i++) {
    const sl_norm *s = &norms[i / 8];
    int d = i & 1, silu = i >> 1 & 1, plain = i >> 2 & 1;
    int64_t n = s->n * s->p * s->c, groups = s->n * s->g;
    void *x = reals(d, n, 2, 0.5), *w = reals(d, s->c, 1, 1), *b = reals(d, s->c, 1, 0), *dy = reals(d, n, 1, 0);
    double *want = calloc((size_t)(2 * n + 2 * groups + 2 * s->c), 8), *dx = want + n, *mean = dx + n;
    double *rstd = mean + groups, *dw = rstd + groups, *db = dw + s->c;
    void *pw = plain ? NULL : w, *pb = plain ? NULL : b;
    norm_ref(s, d, silu, x, pw, pb, want, mean, rstd);
    norm_grad_ref(s, d, silu, x, pw, pb, mean, rstd, dy, dx, dw, db);
    double steep = 1; /* a group of one element: rstd is 1/sqrt(eps) */
    for (int64_t e = 0; e < groups; e++) steep = fmax(steep, rstd[e]);
    EACH_TABLE(k) {
      void *y = reals(d, n, 0, 9), *again = reals(d, n, 0, 9), *stats = reals(d, 3 * groups, 0, 9);
      void *gx = reals(d, n, 0, 9), *gw = reals(d, s->c, 0, 9), *gb = reals(d, s->c, 0, 9);
      CHECK(k->real[d].norm(c, s, silu, x, pw, pb, y, stats));
      close_to(d, y, want, n, 30 * eps_of(d), "norm");
      for (int64_t e = 0; e < groups; e++) {
        NEAR(real_at(d, stats, 3 * e) + real_at(d, stats, 3 * e + 1), mean[e], 10 * eps_of(d), "mean");
        NEAR(real_at(d, stats, 3 * e + 2), rstd[e], 10 * eps_of(d) * steep, "rstd");
      }
      CHECK(k->real[d].norm_apply(c, s, silu, x, pw, pb, stats, again));
      CHECK_MSG(!memcmp(y, again, (size_t)n * real_size(d)), "norm_apply gives norm's bits");
      CHECK(k->real[d].norm_grad(c, s, silu, x, pw, pb, stats, dy, gx, gw, gb));
      close_to(d, gx, dx, n, 60 * eps_of(d) * steep, "norm dx");
      close_to(d, gw, dw, s->c, 60 * eps_of(d) * sqrt((double)(s->n * s->p)), "norm dw");
      close_to(d, gb, db, s->c, 30 * eps_of(d) * sqrt((double)(s->n * s->p)), "norm db");
      CHECK(k->real[d].norm_grad(c, s, silu, x, pw, pb, stats, dy, gx, NULL, NULL));
      free(y), free(again), free(stats), free(gx), free(gw), free(gb);
    }
    free(x), free(w), free(b), free(dy), free(want);
  }
}

/* Mean 1000, deviation 1 in float32: no cancellation. Nor where the first rows are far from the others. */
TEST(norm_far_from_zero) {
  sl_norm s = {1, 784, 32, 8, 1e-5};
  int64_t n = s.p * s.c;
  float *x = reals(SL_F32, n, sqrt(3), 1000), *y = reals(SL_F32, n, 0, 0), stats[24];
  double *want = calloc((size_t)n, 8), mean[8], rstd[8];
  for (int step = 0; step < 2; step++) {
    norm_ref(&s, SL_F32, false, x, NULL, NULL, want, mean, rstd);
    EACH_TABLE(k) {
      CHECK(k->real[SL_F32].norm(c, &s, false, x, NULL, NULL, y, stats));
      close_to(SL_F32, y, want, n, 2e-6, "norm about 1000");
    }
    for (int64_t i = 0; i < 40 * s.c; i++) x[i] = 5;
  }
  for (int64_t i = 0; i < n; i++) x[i] = 5;
  EACH_TABLE(k) {
    CHECK(k->real[SL_F32].norm(c, &s, false, x, NULL, NULL, y, stats));
    CHECK(y[0] == 0 && y[n - 1] == 0);
  }
  free(x), free(y), free(want);
}

/* Maps of several pieces, and rows. */
TEST(norm_bits_do_not_depend_on_batch_or_threads) {
  static const sl_norm sizes[] = {{5, 500, 48, 12, 1e-5}, {3, 50, 48, 12, 1e-5}, {70, 1, 48, 4, 1e-5}};
  for (int i = 0; i < 3; i++) {
    sl_norm s = sizes[i], one = s;
    int64_t n = s.n * s.p * s.c, row = s.p * s.c;
    one.n = 1;
    float *x = reals(SL_F32, n, 1, 0), *w = reals(SL_F32, s.c, 1, 0), *dy = reals(SL_F32, n, 1, 0);
    float *stats = reals(SL_F32, 3 * s.n * s.g, 0, 0);
    EACH_TABLE(k) {
      const sl_real_kernels *f = &k->real[SL_F32];
      float *y[2], *dx[2], dw[2][96];
      for (int t = 0; t < 2; t++) {
        sl_threads_set(c, t ? 3 : 1);
        y[t] = reals(SL_F32, n, 0, 0), dx[t] = reals(SL_F32, n, 0, 0);
        CHECK(f->norm(c, &s, true, x, w, w, y[t], stats));
        CHECK(f->norm_grad(c, &s, true, x, w, w, stats, dy, dx[t], dw[t], dw[t] + 48));
      }
      CHECK(!memcmp(y[0], y[1], (size_t)n * 4) && !memcmp(dx[0], dx[1], (size_t)n * 4));
      CHECK(!memcmp(dw[0], dw[1], sizeof dw[0]));
      float *part = stats + 2 * 3 * s.g; /* the third sample's */
      CHECK(f->norm_grad(c, &one, true, x + 2 * row, w, w, part, dy + 2 * row, dx[1], NULL, NULL));
      CHECK(f->norm(c, &one, true, x + 2 * row, w, w, y[1], part));
      CHECK(!memcmp(y[0] + 2 * row, y[1], (size_t)row * 4) && !memcmp(dx[0] + 2 * row, dx[1], (size_t)row * 4));
      for (int t = 0; t < 2; t++) free(y[t]), free(dx[t]);
    }
    free(x), free(w), free(dy), free(stats);
  }
}

/* ---- attention -------------------------------------------------------------------- */

static const sl_attn attns[] = {
  /* b heads l m d dv  rows q k v */
  {2, 3, 7, 5, 4, 6, 12, 12, 18, 0.5}, {1, 1, 130, 40, 16, 16, 16, 16, 16, 0.25}, {2, 2, 1, 9, 3, 5, 8, 7, 13, -1},
  {1, 2, 200, 340, 33, 17, 66, 66, 34, 0.2}, {1, 1, 4, 1, 2, 2, 2, 2, 2, 1},
};
enum { ATTNS = sizeof attns / sizeof *attns };

/* One head: probabilities p, output, gradients (added up in double). */
static void attn_ref(const sl_attn *s, int d, int64_t b, int64_t h, const void *q, const void *k, const void *v,
                     const void *dout, double *o, double *dq, double *dk, double *dv) {
  double *p = malloc((size_t)s->m * 8), *dp = malloc((size_t)s->m * 8);
  for (int64_t i = 0; i < s->l; i++) {
    double top = -INFINITY, sum = 0, dot = 0;
    int64_t qi = (b * s->l + i) * s->q_row + h * s->d, oi = (b * s->l + i) * s->heads * s->dv + h * s->dv;
    int64_t dqi = (b * s->l + i) * s->heads * s->d + h * s->d;
    for (int64_t j = 0; j < s->m; j++) {
      p[j] = 0;
      for (int64_t e = 0; e < s->d; e++)
        p[j] += s->scale * real_at(d, q, qi + e) * real_at(d, k, (b * s->m + j) * s->k_row + h * s->d + e);
      top = fmax(top, p[j]);
    }
    for (int64_t j = 0; j < s->m; j++) sum += p[j] = exp(p[j] - top);
    for (int64_t j = 0; j < s->m; j++) {
      int64_t vj = (b * s->m + j) * s->v_row + h * s->dv, dvj = (b * s->m + j) * s->heads * s->dv + h * s->dv;
      p[j] /= sum, dp[j] = 0;
      for (int64_t e = 0; e < s->dv; e++) {
        o[oi + e] += p[j] * real_at(d, v, vj + e);
        dv[dvj + e] += p[j] * real_at(d, dout, oi + e);
        dp[j] += real_at(d, dout, oi + e) * real_at(d, v, vj + e);
      }
      dot += p[j] * dp[j];
    }
    for (int64_t j = 0; j < s->m; j++) {
      int64_t kj = (b * s->m + j) * s->k_row + h * s->d, dkj = (b * s->m + j) * s->heads * s->d + h * s->d;
      double ds = s->scale * p[j] * (dp[j] - dot);
      for (int64_t e = 0; e < s->d; e++)
        dq[dqi + e] += ds * real_at(d, k, kj + e), dk[dkj + e] += ds * real_at(d, q, qi + e);
    }
  }
  free(p), free(dp);
}

TEST(attention_and_its_gradient_match) {
  for (int i = 0; i < ATTNS * 2; i++) {
    const sl_attn *s = &attns[i / 2];
    int d = i & 1;
    int64_t nq = s->b * s->l * s->heads * s->d, nk = s->b * s->m * s->heads * s->d;
    int64_t no = s->b * s->l * s->heads * s->dv, nv = s->b * s->m * s->heads * s->dv;
    void *q = reals(d, s->b * s->l * s->q_row, 2, 0), *k = reals(d, s->b * s->m * s->k_row, 2, 0);
    void *v = reals(d, s->b * s->m * s->v_row, 1, 0), *dout = reals(d, no, 1, 0);
    double *o = calloc((size_t)(no + nq + nk + nv), 8), *dq = o + no, *dk = dq + nq, *dv = dk + nk;
    for (int64_t h = 0; h < s->b * s->heads; h++)
      attn_ref(s, d, h / s->heads, h % s->heads, q, k, v, dout, o, dq, dk, dv);
    EACH_TABLE(t) {
      void *y[2], *gq = reals(d, nq, 0, 9), *gk = reals(d, nk, 0, 9), *gv = reals(d, nv, 0, 9);
      for (int threads = 2; threads > 0; threads--) {
        sl_threads_set(c, threads);
        y[threads - 1] = reals(d, no, 0, 9);
        CHECK(t->real[d].attention(c, s, q, k, v, y[threads - 1]));
      }
      CHECK(!memcmp(y[0], y[1], (size_t)no * real_size(d)));
      void *hq = reals(d, nq, 0, 9), *hk = reals(d, nk, 0, 9), *hv = reals(d, nv, 0, 9);
      CHECK(t->real[d].attention_grad(c, s, q, k, v, dout, gq, gk, gv));
      sl_threads_set(c, 5); /* more than heads: shared out by rows and keys */
      CHECK(t->real[d].attention_grad(c, s, q, k, v, dout, hq, hk, hv));
      CHECK(!memcmp(gq, hq, (size_t)nq * real_size(d)) && !memcmp(gk, hk, (size_t)nk * real_size(d)));
      CHECK(!memcmp(gv, hv, (size_t)nv * real_size(d)));
      free(hq), free(hk), free(hv), sl_threads_set(c, 1);
      close_to(d, y[0], o, no, 40 * eps_of(d), "attention");
      close_to(d, gq, dq, nq, 100 * eps_of(d), "attention dq");
      close_to(d, gk, dk, nk, 200 * eps_of(d), "attention dk");
      close_to(d, gv, dv, nv, 100 * eps_of(d), "attention dv");
      CHECK(t->real[d].attention_grad(c, s, q, k, v, dout, NULL, NULL, gv));
      free(y[0]), free(y[1]), free(gq), free(gk), free(gv);
    }
    free(q), free(k), free(v), free(dout), free(o);
  }
}

/* ---- rows ---------------------------------------------------------------------------- */

TEST(softmax_logsumexp_cumsum) {
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int64_t n = 1; n < 70; n = n * 3 / 2 + 1) {
        void *x = reals(d, 3 * n, 10, 50), *dy = reals(d, 3 * n, 1, 0);
        void *y = reals(d, 3 * n, 0, 0), *dx = reals(d, 3 * n, 0, 0);
        void *sum = reals(d, 3 * n, 0, 0), *l = reals(d, 3, 0, 0);
        k->real[d].softmax(3, n, x, y);
        k->real[d].logsumexp(3, n, x, l);
        k->real[d].softmax_grad(3, n, y, dy, dx);
        for (int r = 0; r < 3; r++) {
          double total = 0, dot = 0;
          for (int64_t i = r * n; i < r * n + n; i++)
            total += exp(real_at(d, x, i)), dot += real_at(d, y, i) * real_at(d, dy, i);
          NEAR(real_at(d, l, r), log(total), 4 * eps_of(d) * log(total), "logsumexp");
          for (int64_t i = r * n; i < r * n + n; i++) {
            NEAR(real_at(d, y, i), exp(real_at(d, x, i)) / total, 8 * eps_of(d), "softmax");
            NEAR(real_at(d, dx, i), real_at(d, y, i) * (real_at(d, dy, i) - dot), 4 * eps_of(d), "softmax_grad");
          }
        }
        for (int reverse = 0; reverse < 2; reverse++) {
          k->real[d].cumsum(3, n, reverse, x, sum);
          double s = 0;
          for (int64_t i = 0; i < n; i++) {
            int64_t j = n + (reverse ? n - 1 - i : i);
            s += real_at(d, x, j);
            NEAR(real_at(d, sum, j), s, eps_of(d) * fabs(s), "cumsum");
          }
        }
        free(x), free(dy), free(y), free(dx), free(sum), free(l);
      }
}

TEST(rows_of_infinities) {
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++) {
      double rows[4][3] = {{-INFINITY, -INFINITY, -INFINITY}, {1, INFINITY, INFINITY}, {-INFINITY, 2, 2}, {0, NAN, 1}};
      double y[4][3], l[4], soft[4][3] = {{1. / 3, 1. / 3, 1. / 3}, {0, .5, .5}, {0, .5, .5}, {NAN, NAN, NAN}};
      double want[4] = {-INFINITY, INFINITY, 2 + log(2), NAN};
      float f[12], g[12], fl[4];
      for (int i = 0; i < 12; i++) f[i] = (float)rows[i / 3][i % 3];
      if (d == SL_F64) k->real[d].softmax(4, 3, rows, y), k->real[d].logsumexp(4, 3, rows, l);
      else k->real[d].softmax(4, 3, f, g), k->real[d].logsumexp(4, 3, f, fl);
      for (int i = 0; i < 12; i++) NEAR(d ? y[i / 3][i % 3] : (double)g[i], soft[i / 3][i % 3], 1e-7, "softmax");
      for (int i = 0; i < 4; i++) NEAR(d ? l[i] : (double)fl[i], want[i], 1e-6, "logsumexp");
    }
}

TEST(resampling) {
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int64_t ch = 1; ch < 40; ch += 18)
        for (int64_t f = 1; f < 4; f++) {
          int64_t n = 2, h = 3, w = 2;
          void *x = reals(d, n * h * w * ch, 1, 0), *z = reals(d, n * h * w * ch, 0, 0);
          void *y = reals(d, n * h * w * f * f * ch, 0, 0);
          k->real[d].upsample(n, h, w, ch, f, 0.5, x, y);
          k->real[d].downsample(n, h, w, ch, f, 2.0 / (double)(f * f), y, z);
          for (int64_t i = 0; i < n * h * w * f * f * ch; i++) {
            int64_t e = i % ch, col = i / ch % (w * f), row = i / ch / (w * f);
            if (!NEAR(real_at(d, y, i), 0.5 * real_at(d, x, (row / f * w + col / f) * ch + e), 0, "upsample")) break;
          }
          for (int64_t i = 0; i < n * h * w * ch; i++)
            if (!NEAR(real_at(d, z, i), real_at(d, x, i), 2 * eps_of(d), "downsample")) break;
          free(x), free(y), free(z);
        }
}

/* ---- random numbers ---------------------------------------------------------------- */

TEST(random_words_are_philox) {
  sl_key key = {0x0123456789abcdefu, 0x00fedcba98765432u, 0xdeadbeef, SL_STREAM_USER};
  enum { N = 203 };
  EACH_TABLE(k)
    for (int64_t first = 0; first < 5000000000; first = first * 7 + 4 * 33) {
      float u[N], z[N], r[N];
      double wide[N];
      k->real[SL_F32].random(SL_UNIFORM, &key, first, N, u);
      k->real[SL_F32].random(SL_NORMAL, &key, first, N, z);
      k->real[SL_F32].random(SL_RADEMACHER, &key, first, N, r);
      k->real[SL_F64].random(SL_NORMAL, &key, first, N, wide);
      for (int i = 0; i < N; i++) {
        uint32_t w[4];
        sl_philox(&key, (uint32_t)((first + i) / 4), w);
        double a = ((double)w[i & 2] + 1) * 0x1p-32, b = (double)w[(i & 2) + 1] * 0x1p-32 * 2 * acos(-1);
        double want = sqrt(-2 * log(a)) * (i & 1 ? sin(b) : cos(b));
        if (!CHECK((double)u[i] == (double)(w[i & 3] >> 8) * 0x1p-24 && u[i] < 1)) return;
        if (!CHECK(r[i] == (w[i & 3] >> 31 ? -1.0f : 1.0f) && wide[i] == (double)z[i])) return;
        if (!NEAR((double)z[i], want, 2e-6, "normal")) return;
      }
    }
}

TEST(short_random_rows_are_those_of_their_samples) {
  enum { ROWS = 21 };
  int64_t index[ROWS];
  for (int i = 0; i < ROWS; i++) index[i] = (int64_t)1 << 40 | (i * 7919) % 100;
  EACH_TABLE(k)
    for (int64_t n = 1; n < 40; n = n < 6 ? n + 1 : 2 * n + 1)
      for (int i = 0; i < 6; i++) {
        sl_dist dist = (sl_dist)(i / 2);
        float all[ROWS * 40], row[40];
        sl_key key = {.seed = 5, .index = 1ull << 33, .draw = 2, .stream = SL_STREAM_USER}, of = key;
        k->real[SL_F32].random_rows(dist, &key, i & 1 ? index : NULL, ROWS, n, all);
        for (int r = 0; r < ROWS; r++) {
          of.index = i & 1 ? (uint64_t)index[r] : key.index + (uint64_t)r;
          k->real[SL_F32].random(dist, &of, 0, n, row);
          if (!CHECK(!memcmp(row, all + r * n, (size_t)n * 4))) return;
        }
      }
}

TEST(random_pieces_join) {
  sl_key key = {5, 6, 7, SL_STREAM_SAMPLE};
  float whole[400], piece[400];
  EACH_TABLE(k) {
    k->real[SL_F32].random(SL_NORMAL, &key, 0, 400, whole);
    for (int64_t first = 0; first < 400; first += 4 * 17) {
      k->real[SL_F32].random(SL_NORMAL, &key, first, 400 - first, piece);
      CHECK(!memcmp(piece, whole + first, (size_t)(400 - first) * 4));
    }
  }
}

TEST(normal_moments) {
  enum { N = 1 << 20 };
  static float z[N];
  sl_key key = {1, 0, 0, SL_STREAM_TRAIN};
  EACH_TABLE(k) {
    double m[5] = {0}, lag = 0, tail = 0;
    k->real[SL_F32].random(SL_NORMAL, &key, 0, N, z);
    for (int i = 0; i < N; i++) {
      for (int p = 1; p < 5; p++) m[p] += pow((double)z[i], p) / N;
      if (i) lag += (double)z[i] * (double)z[i - 1] / N;
      tail += fabs((double)z[i]) > 3 ? 1.0 / N : 0;
    }
    CHECK(fabs(m[1]) < 4e-3 && fabs(m[2] - 1) < 6e-3 && fabs(m[3]) < 1e-2 && fabs(m[4] - 3) < 4e-2 && fabs(lag) < 4e-3);
    CHECK(fabs(tail - 0.0026998) < 2e-4);
  }
}

/* ---- optimizers ------------------------------------------------------------------------ */

TEST(optimizer_steps) {
  enum { N = 77 };
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++) {
      void *p = reals(d, N, 1, 0), *g = reals(d, N, 1, 0), *m = reals(d, N, 1, 0);
      void *v = reals(d, N, 1, 1), *avg = reals(d, N, 1, 0);
      double want[4][N], square = 0;
      for (int i = 0; i < N; i++) {
        double x = real_at(d, p, i), gi = real_at(d, g, i) * 0.5 + 0.01 * x;
        square += pow(real_at(d, g, i), 2);
        want[0][i] = 0.9 * real_at(d, m, i) + 0.1 * gi;
        want[1][i] = 0.99 * real_at(d, v, i) + 0.01 * gi * gi;
        want[2][i] = x * (1 - 0.02) - 0.1 * want[0][i] / (sqrt(want[1][i]) * 1.5 + 1e-8);
        want[3][i] = real_at(d, avg, i) + 0.25 * (want[2][i] - real_at(d, avg, i));
      }
      NEAR(k->real[d].sumsq(N, g), square, 1e-13 * square, "sumsq");
      void *start = copy_of(d, p, N), *m2 = copy_of(d, m, N), *v2 = copy_of(d, v, N), *top = reals(d, N, 1, 1);
      double above[2][N];
      for (int i = 0; i < N; i++) {
        above[0][i] = fmax(want[1][i], real_at(d, top, i));
        above[1][i] = real_at(d, p, i) * (1 - 0.02) - 0.1 * want[0][i] / (sqrt(above[0][i]) * 1.5 + 1e-8);
      }
      k->real[d].adam(N, p, g, m, v, NULL, 0.5, 0.9, 0.99, 0.1, 1.5, 1e-8, 0.01, 0.02);
      k->real[d].adam(N, start, g, m2, v2, top, 0.5, 0.9, 0.99, 0.1, 1.5, 1e-8, 0.01, 0.02);
      close_to(d, v2, want[1], N, 4 * eps_of(d), "amsgrad v");
      close_to(d, top, above[0], N, 4 * eps_of(d), "amsgrad largest v");
      close_to(d, start, above[1], N, 4 * eps_of(d), "amsgrad p");
      free(start), free(m2), free(v2), free(top);
      k->real[d].ema(N, avg, p, 0.75);
      close_to(d, m, want[0], N, 4 * eps_of(d), "adam m");
      close_to(d, v, want[1], N, 4 * eps_of(d), "adam v");
      close_to(d, p, want[2], N, 4 * eps_of(d), "adam p");
      close_to(d, avg, want[3], N, 4 * eps_of(d), "ema");
      free(p), free(g), free(m), free(v), free(avg);
    }
}
