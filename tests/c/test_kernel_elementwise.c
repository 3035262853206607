/* Elementwise kernels, where, casts and reductions against plain loops. */
#include "kernels.h"

enum { N = 131 };

static double ref_unary(const char *name, double x, const double *p) {
  static const struct { const char *name; double (*f)(double); } f[] = {
    {"exp", exp}, {"expm1", expm1}, {"log", log}, {"log1p", log1p}, {"sqrt", sqrt}, {"sin", sin}, {"cos", cos},
    {"tanh", tanh}, {"erf", erf}, {"floor", floor}, {"ceil", ceil}, {"round", rint}, {"abs", fabs}};
  for (size_t i = 0; i < sizeof f / sizeof *f; i++)
    if (!strcmp(name, f[i].name)) return f[i].f(x);
  if (!strcmp(name, "neg")) return -x;
  if (!strcmp(name, "sign")) return (x > 0) - (x < 0);
  if (!strcmp(name, "rsqrt")) return 1 / sqrt(x);
  if (!strcmp(name, "square")) return x * x;
  if (!strcmp(name, "reciprocal")) return 1 / x;
  if (!strcmp(name, "sigmoid")) return 1 / (1 + exp(-x));
  if (!strcmp(name, "silu")) return x / (1 + exp(-x));
  if (!strcmp(name, "relu")) return x > 0 ? x : 0;
  if (!strcmp(name, "elu")) return x > 0 ? x : expm1(x);
  if (!strcmp(name, "softplus")) return log1p(exp(x));
  if (!strcmp(name, "gelu")) return 0.5 * x * erfc(-x / sqrt(2));
  if (!strcmp(name, "affine")) return p[0] * x + p[1];
  if (!strcmp(name, "clamp")) return x < p[0] ? p[0] : x > p[1] ? p[1] : x;
  return NAN;
}

TEST(unary) {
  const double p[2] = {-0.25, 0.5};
  EACH_TABLE(k)
    for (const sl_unary_kernel *u = k->unary; u->name; u++)
      for (int d = 0; d < 2; d++) {
        bool positive = strstr(u->name, "log") || strstr(u->name, "sqrt");
        void *x = reals(d, 2 * N, positive ? 1 : 3, positive ? 1.2 : 0), *y = reals(d, 3 * N, 0, 7);
        u->fn[d](N, x, 2, y, 3, p);
        for (int i = 0; i < N; i++) {
          double want = ref_unary(u->name, real_at(d, x, 2 * i), p);
          if (!NEAR(real_at(d, y, 3 * i), want, 8 * eps_of(d) * (fabs(want) + 0.25), u->name)) break;
          if (!CHECK(real_at(d, y, 3 * i + 1) == 7 && real_at(d, y, 3 * i + 2) == 7)) break;
        }
        u->fn[d](N, x, 1, x, 1, p); /* in place */
        free(x), free(y);
      }
}

static double ref_binary(const char *name, double a, double b) {
  double h = 1e-5, s = 1 / (1 + exp(-a));
  if (!strcmp(name, "add")) return a + b;
  if (!strcmp(name, "sub")) return a - b;
  if (!strcmp(name, "mul")) return a * b;
  if (!strcmp(name, "div")) return a / b;
  if (!strcmp(name, "pow")) return pow(a, b);
  if (!strcmp(name, "minimum")) return fmin(a, b);
  if (!strcmp(name, "maximum")) return fmax(a, b);
  if (!strcmp(name, "softplus_grad")) return s * b;
  if (!strcmp(name, "relu_grad")) return a > 0 ? b : 0;
  if (!strcmp(name, "elu_grad")) return a > 0 ? b : (a + 1) * b;
  if (!strcmp(name, "tanh_grad")) return (1 - a * a) * b;
  if (!strcmp(name, "sigmoid_grad")) return a * (1 - a) * b;
  if (!strcmp(name, "silu_grad") || !strcmp(name, "gelu_grad")) {
    char forward[8] = "";
    memcpy(forward, name, 4);
    return b * (ref_unary(forward, a + h, NULL) - ref_unary(forward, a - h, NULL)) / (2 * h);
  }
  return NAN;
}

TEST(binary) {
  EACH_TABLE(k)
    for (const sl_binary_kernel *f = k->binary; f->name; f++)
      for (int d = 0; d < 2 && !f->compares; d++)
        for (int form = 0; form < 9; form++) {
          int sa = form % 3, sb = form / 3, sy = form == 8 ? 2 : 1;
          bool slope = strstr(f->name, "lu_grad") != NULL, power = !strcmp(f->name, "pow");
          void *a = reals(d, 2 * N, power ? 1 : 3, power ? 1.5 : 0.1), *b = reals(d, 2 * N, 2, 0.1);
          void *y = reals(d, 2 * N, 1, 0);
          f->fn[d](N, a, sa, b, sb, y, sy);
          for (int i = 0; i < N; i++) {
            double want = ref_binary(f->name, real_at(d, a, i * sa), real_at(d, b, i * sb));
            if (!NEAR(real_at(d, y, i * sy), want, slope ? 1e-6 : 4 * eps_of(d) * (fabs(want) + 0.25), f->name)) break;
          }
          free(a), free(b), free(y);
        }
}

TEST(not_a_number) {
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int swap = 0; swap < 2; swap++)
        for (int n = 1; n < 20; n += 18) {
          void *a = reals(d, n, 0, swap ? 1 : NAN), *b = reals(d, n, 0, swap ? NAN : 1), *y = reals(d, n, 0, 0);
          uint8_t z[20];
          BINARY(k, "minimum")->fn[d](n, a, 1, b, 1, y, 1);
          CHECK(isnan(real_at(d, y, n - 1)));
          BINARY(k, "maximum")->fn[d](n, a, 1, b, 1, y, 1);
          CHECK(isnan(real_at(d, y, n - 1)));
          for (const sl_binary_kernel *f = k->binary; f->name; f++) {
            if (!f->compares) continue;
            f->fn[d](n, a, 1, b, 1, z, 1);
            CHECK_MSG(z[n - 1] == !strcmp(f->name, "ne"), f->name);
          }
          free(a), free(b), free(y);
        }
}

TEST(comparisons) {
  EACH_TABLE(k)
    for (const sl_binary_kernel *f = k->binary; f->name; f++)
      for (int sb = 0; sb < 2 && f->compares; sb++) {
        int64_t a[N], b[N];
        float fa[N], fb[N];
        double da[N], db[N];
        uint8_t ua[N], ub[N], y[4][N];
        for (int i = 0; i < N; i++) {
          da[i] = fa[i] = (float)(a[i] = ua[i] = (uint8_t)(number() * 3 + 4));
          db[i] = fb[i] = (float)(b[i] = ub[i] = (uint8_t)(number() * 3 + 4));
        }
        const void *as[] = {fa, da, a, ua}, *bs[] = {fb, db, b, ub};
        for (int d = 0; d < 4; d++) f->fn[d](N, as[d], 1, bs[d], sb, y[d], 1);
        for (int i = 0; i < N; i++) {
          int64_t p = a[i], q = b[i * sb];
          const char *s = f->name;
          int want = !strcmp(s, "eq") ? p == q : !strcmp(s, "ne") ? p != q : !strcmp(s, "lt") ? p < q
                   : !strcmp(s, "le") ? p <= q : !strcmp(s, "gt") ? p > q : p >= q;
          for (int d = 0; d < 4; d++)
            if (!CHECK_MSG(y[d][i] == want, s)) return;
        }
      }
}

TEST(integers) {
  EACH_TABLE(k) {
    int64_t x[4] = {INT64_MIN, -7, 0, INT64_MAX}, y[4], z[4] = {-1, 2, 3, 1};
    uint8_t u[4] = {0, 9, 200, 255}, v[4] = {1, 9, 100, 2}, w[4];
    double affine[2] = {3, -1}, bounds[2] = {-2.5, 8.5};
    UNARY(k, "neg")->fn[SL_I64](4, x, 1, y, 1, NULL);
    CHECK(y[0] == INT64_MIN && y[1] == 7 && y[3] == -INT64_MAX);
    UNARY(k, "abs")->fn[SL_I64](4, x, 1, y, 1, NULL);
    CHECK(y[0] == INT64_MIN && y[1] == 7 && y[2] == 0);
    UNARY(k, "sign")->fn[SL_I64](4, x, 1, y, 1, NULL);
    CHECK(y[0] == -1 && y[2] == 0 && y[3] == 1);
    UNARY(k, "square")->fn[SL_I64](2, x + 1, 1, y, 1, NULL);
    CHECK(y[0] == 49 && y[1] == 0);
    UNARY(k, "affine")->fn[SL_I64](2, x + 1, 1, y, 1, affine);
    CHECK(y[0] == -22 && y[1] == -1);
    UNARY(k, "clamp")->fn[SL_I64](4, x, 1, y, 1, bounds);
    CHECK(y[0] == -2 && y[1] == -2 && y[2] == 0 && y[3] == 8);
    UNARY(k, "clamp")->fn[SL_U8](4, u, 1, w, 1, bounds);
    CHECK(w[0] == 0 && w[1] == 8 && w[3] == 8);
    UNARY(k, "round")->fn[SL_I64](4, x, 1, y, 1, NULL);
    CHECK(!memcmp(x, y, sizeof x));
    BINARY(k, "add")->fn[SL_I64](4, x, 1, z, 1, y, 1);
    CHECK(y[0] == INT64_MAX && y[1] == -5 && y[3] == INT64_MIN);
    BINARY(k, "mul")->fn[SL_I64](4, x, 1, z, 1, y, 1);
    CHECK(y[0] == INT64_MIN && y[1] == -14);
    BINARY(k, "maximum")->fn[SL_I64](4, x, 1, z, 1, y, 1);
    CHECK(y[0] == -1 && y[1] == 2 && y[3] == INT64_MAX);
    BINARY(k, "sub")->fn[SL_U8](4, u, 1, v, 1, w, 1);
    CHECK(w[0] == 255 && w[1] == 0 && w[2] == 100);
    BINARY(k, "mul")->fn[SL_U8](4, u, 1, v, 1, w, 1);
    CHECK(w[1] == 81 && w[2] == 32);
    CHECK(!UNARY(k, "exp")->fn[SL_I64] && !BINARY(k, "div")->fn[SL_I64] && !BINARY(k, "pow")->fn[SL_U8]);
  }
}

TEST(casts) {
  static const double x[] = {0,    -0.9,   1.9,     -1.9, 254.999,  255.5,    1e10,
                             -1e30, 1e30, 0x1p63, -0x1p63, NAN, INFINITY, -INFINITY};
  enum { C = sizeof x / sizeof *x };
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int step = 1; step < 3; step++) {
        void *from = reals(d, 2 * C, 0, 0);
        int64_t y[C];
        uint8_t u[C];
        for (int i = 0; i < C; i++) real_put(d, from, i * step, x[i]);
        k->cast[d][SL_I64](C, from, step, y, 1, NULL);
        k->cast[d][SL_U8](C, from, step, u, 1, NULL);
        for (int i = 0; i < C; i++) {
          double v = real_at(d, from, i * step), t = isnan(v) ? 0 : trunc(v);
          CHECK(y[i] == (t >= 0x1p63 ? INT64_MAX : t <= -0x1p63 ? INT64_MIN : (int64_t)t));
          CHECK(u[i] == (t < 0 ? 0 : t > 255 ? 255 : (int)t));
        }
        free(from);
      }
  EACH_TABLE(k) {
    int64_t big[2] = {300, -4}, copy[2];
    uint8_t u[2] = {3, 255};
    double f[2];
    float g[2];
    k->cast[SL_I64][SL_U8](2, big, 1, u, 1, NULL);
    CHECK(u[0] == 255 && u[1] == 0);
    k->cast[SL_U8][SL_F64](2, u, 1, f, 1, NULL);
    k->cast[SL_F64][SL_F32](2, f, 1, g, 1, NULL);
    k->cast[SL_F32][SL_F32](2, g, 1, g, 1, NULL);
    CHECK(f[0] == 255 && g[0] == 255.0f && g[1] == 0);
    k->cast[SL_I64][SL_I64](2, big, 1, copy, 1, NULL);
    CHECK(copy[0] == 300 && copy[1] == -4);
    k->cast[SL_F64][SL_F64](2, f, 0, f, 1, NULL);
    CHECK(f[1] == 255);
  }
}

TEST(where_takes_sides) {
  uint8_t cond[N];
  for (int i = 0; i < N; i++) cond[i] = number() > 0 ? 3 : 0;
  EACH_TABLE(k)
    for (int d = 0; d < 2; d++)
      for (int sa = 0; sa < 2; sa++) {
        void *a = reals(d, N, 1, 0), *b = reals(d, N, 1, 0), *y = reals(d, N, 1, 0);
        k->where[d](N, cond, 1, a, sa, b, 1, y, 1);
        for (int i = 0; i < N; i++)
          CHECK(real_at(d, y, i) == (cond[i] ? real_at(d, a, i * sa) : real_at(d, b, i)));
        free(a), free(b), free(y);
      }
}

static double extreme(int d, const void *x, int64_t n, int64_t step, double sign) {
  double best = -INFINITY;
  for (int64_t i = 0; i < n; i++) best = fmax(best, sign * real_at(d, x, i * step));
  return sign * best;
}

TEST(reductions) {
  static const int64_t shapes[][3] = {{1, 1, 1}, {3, 5, 1}, {2, 1000, 1}, {1, 100003, 1}, {2, 7, 3}, {3, 200, 17},
                                      {2, 1, 70}, {1, 5000, 65}, {2, 0, 3}, {0, 4, 4}, {3, 33, 129}};
  EACH_TABLE(k)
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
      for (int d = 0; d < 2; d++) {
        int64_t outer = shapes[s][0], n = shapes[s][1], inner = shapes[s][2];
        void *x = reals(d, outer * n * inner, 1, 0.5), *y = reals(d, 3 * outer * inner, 0, 9);
        size_t bytes = (size_t)(outer * inner) * real_size(d);
        void *big = (char *)y + bytes, *small = (char *)big + bytes;
        REDUCE(k, "sum")->fn[d](outer, n, inner, x, y);
        REDUCE(k, "amax")->fn[d](outer, n, inner, x, big);
        REDUCE(k, "amin")->fn[d](outer, n, inner, x, small);
        for (int64_t i = 0; i < outer * inner; i++) {
          const void *from = (char *)x + (size_t)(i / inner * n * inner + i % inner) * real_size(d);
          double size = 0;
          long double want = 0;
          for (int64_t j = 0; j < n; j++)
            want += real_at(d, from, j * inner), size += fabs(real_at(d, from, j * inner));
          if (!NEAR(real_at(d, y, i), (double)want, 3 * eps_of(d) * size, "sum")) break;
          if (!NEAR(real_at(d, big, i), extreme(d, from, n, inner, 1), 0, "amax")) break;
          if (!NEAR(real_at(d, small, i), extreme(d, from, n, inner, -1), 0, "amin")) break;
        }
        free(x), free(y);
      }
}

TEST(reductions_of_integers_and_nan) {
  EACH_TABLE(k) {
    int64_t x[6] = {1, -5, 7, 2, 9, -3}, y[2];
    uint8_t u[6] = {1, 5, 7, 2, 9, 3}, v[2];
    REDUCE(k, "sum")->fn[SL_I64](2, 3, 1, x, y);
    CHECK(y[0] == 3 && y[1] == 8);
    REDUCE(k, "amax")->fn[SL_I64](1, 3, 2, x, y);
    CHECK(y[0] == 9 && y[1] == 2);
    REDUCE(k, "amin")->fn[SL_U8](2, 3, 1, u, v);
    CHECK(v[0] == 1 && v[1] == 2);
    CHECK(!REDUCE(k, "sum")->fn[SL_U8]);
    for (int d = 0; d < 2; d++)
      for (int n = 1; n < 70; n++)
        for (int inner = 1; inner < 3; inner++) {
          void *z = reals(d, n * inner, 1, 0), *t = reals(d, inner, 1, 0);
          real_put(d, z, n / 2 * inner, NAN);
          REDUCE(k, "amax")->fn[d](1, n, inner, z, t);
          CHECK(isnan(real_at(d, t, 0)) && (inner == 1 || !isnan(real_at(d, t, 1))));
          REDUCE(k, "amin")->fn[d](1, n, inner, z, t);
          CHECK(isnan(real_at(d, t, 0)));
          free(z), free(t);
        }
  }
}

/* A row's sum is the same in any company; long float32 sums keep their digits. */
TEST(sums_are_accurate_and_stay_put) {
  EACH_TABLE(k)
    for (int64_t n = 1; n < 3000; n = n * 2 + 1) {
      float *x = reals(SL_F32, 4 * n, 1, 0), y[4], alone;
      REDUCE(k, "sum")->fn[SL_F32](4, n, 1, x, y);
      for (int r = 0; r < 4; r++) {
        REDUCE(k, "sum")->fn[SL_F32](1, n, 1, x + r * n, &alone);
        CHECK(memcmp(&alone, y + r, 4) == 0);
      }
      free(x);
    }
  EACH_TABLE(k) {
    enum { M = 1 << 22 };
    float *x = malloc(M * sizeof *x), y;
    for (int i = 0; i < M; i++) x[i] = 0.1f;
    REDUCE(k, "sum")->fn[SL_F32](1, M, 1, x, &y);
    NEAR((double)y, (double)0.1f * M, 0.1 * M * 2e-7, "long sum");
    REDUCE(k, "sum")->fn[SL_F32](1, M / 2, 2, x, x);
    NEAR((double)x[1], (double)0.1f * (M / 2), 0.1 * M * 2e-7, "long sum of columns");
    free(x);
  }
}
