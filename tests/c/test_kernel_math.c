/* Elementary functions against the C library's double ones, in units in the
   last place; edges; and that no element's bits depend on where it stands. */
#include "kernels.h"

static double identity_gelu(double x) { return 0.5 * x * erfc(-x / sqrt(2)); }
static double logistic(double x) { return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x)); }
static double elu(double x) { return x > 0 ? x : expm1(x); }
static double softplus(double x) { return x > 40 ? x : log1p(exp(x)); }
static double silu(double x) { return x * logistic(x); }

/* Distance in ulps of the float nearest to `want` (the smallest normal's below it). */
static double ulps(float got, double want) {
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  if (fabs(want) > FLT_MAX * (1 + FLT_EPSILON / 4.0))
    return isinf(got) && !signbit(got) == !signbit(want) ? 0 : INFINITY;
  if (isinf(got)) return INFINITY;
  int e;
  frexp(want, &e);
  return fabs((double)got - want) / ldexp(1, e - 24 < -149 ? -149 : e - 24);
}

typedef struct law {
  const char *name;
  double (*f)(double);
  double lo, hi, ulp;
} law;
static const law laws[] = {
  {"exp", exp, -104, 89, 1.2},         {"exp", exp, -1, 1, 1.2},
  {"expm1", expm1, -30, 89, 2},        {"expm1", expm1, -1, 1, 2},
  {"log", log, 1e-30, 100, 1.5},       {"log", log, 0.5, 2, 1.5},
  {"log", log, 0, 3e38, 1.5},          {"log", log, 0, 1e-38, 1.5},
  {"log1p", log1p, -0.999, 1, 1.5},    {"log1p", log1p, 0, 3e38, 1.5},
  {"log1p", log1p, -1e-3, 1e-3, 1.5},  {"sin", sin, -10, 10, 1.6},
  {"sin", sin, -1e6, 1e6, 1.6},        {"sin", sin, -3e38, 3e38, 1.6},
  {"cos", cos, -10, 10, 1.6},          {"cos", cos, -1e6, 1e6, 1.6},
  {"cos", cos, -3e38, 3e38, 1.6},      {"sin", sin, -1e-3, 1e-3, 1.6},
  {"tanh", tanh, -10, 10, 3},          {"tanh", tanh, -0.1, 0.1, 3},
  {"erf", erf, -5, 5, 2},              {"erf", erf, -0.1, 0.1, 2},
  {"sigmoid", logistic, -104, 30, 3},  {"silu", silu, -87, 30, 3.5},
  {"softplus", softplus, -104, 60, 2}, {"gelu", identity_gelu, -12, 6, 6},
  {"gelu", identity_gelu, -1, 1, 5},   {"elu", elu, -30, 100, 2},
};

TEST(float32_functions_stay_within_their_ulps) {
  enum { N = 40000 };
  static float x[N], y[N];
  EACH_TABLE(k)
    for (size_t l = 0; l < sizeof laws / sizeof *laws; l++) {
      const law *w = &laws[l];
      for (int i = 0; i < N; i++) x[i] = (float)(w->lo + (number() + 1) / 2 * (w->hi - w->lo));
      UNARY(k, w->name)->fn[SL_F32](N, x, 1, y, 1, NULL);
      double worst = 0;
      int at = 0;
      for (int i = 0; i < N; i++)
        if (!(ulps(y[i], w->f((double)x[i])) <= worst)) worst = ulps(y[i], w->f((double)x[i])), at = i;
      char text[200];
      snprintf(text, sizeof text, "%s %s: %.2f ulp at %a: %a, expected %a", k->isa, w->name, worst, (double)x[at],
               (double)y[at], w->f((double)x[at]));
      CHECK_MSG(worst <= w->ulp, text);
      if (getenv("SHOW_ULPS")) printf("%-9s %-9s [%g,%g] %.2f\n", k->isa, w->name, w->lo, w->hi, worst);
    }
}

static float one(const sl_kernels *k, const char *name, float x) {
  float y;
  UNARY(k, name)->fn[SL_F32](1, &x, 1, &y, 1, NULL);
  return y;
}
static double one64(const sl_kernels *k, const char *name, double x) {
  double y;
  UNARY(k, name)->fn[SL_F64](1, &x, 1, &y, 1, NULL);
  return y;
}

TEST(edges) {
  static const struct { const char *name; double x, y; } edge[] = {
    {"exp", INFINITY, INFINITY}, {"exp", -INFINITY, 0}, {"exp", NAN, NAN}, {"exp", 0, 1}, {"exp", 1000, INFINITY},
    {"expm1", INFINITY, INFINITY}, {"expm1", -INFINITY, -1}, {"expm1", NAN, NAN}, {"expm1", -0.0, -0.0},
    {"log", 0, -INFINITY}, {"log", -0.0, -INFINITY}, {"log", -1, NAN}, {"log", INFINITY, INFINITY}, {"log", NAN, NAN},
    {"log", 1, 0}, {"log1p", -1, -INFINITY}, {"log1p", -2, NAN}, {"log1p", -0.0, -0.0}, {"log1p", INFINITY, INFINITY},
    {"log1p", NAN, NAN}, {"sqrt", -1, NAN}, {"sqrt", -0.0, -0.0}, {"rsqrt", 0, INFINITY},
    {"reciprocal", -0.0, -INFINITY},
    {"sin", -0.0, -0.0}, {"sin", INFINITY, NAN}, {"cos", -INFINITY, NAN}, {"sin", NAN, NAN}, {"cos", 0, 1},
    {"tanh", INFINITY, 1}, {"tanh", -INFINITY, -1}, {"tanh", NAN, NAN}, {"tanh", -0.0, -0.0}, {"erf", -0.0, -0.0},
    {"erf", INFINITY, 1}, {"erf", -INFINITY, -1}, {"erf", NAN, NAN}, {"sigmoid", INFINITY, 1},
    {"sigmoid", -INFINITY, 0},
    {"sigmoid", NAN, NAN}, {"silu", INFINITY, INFINITY}, {"silu", -INFINITY, -0.0}, {"silu", NAN, NAN},
    {"softplus", INFINITY, INFINITY}, {"softplus", -INFINITY, 0}, {"softplus", NAN, NAN}, {"gelu", INFINITY, INFINITY},
    {"gelu", -INFINITY, -0.0}, {"gelu", NAN, NAN}, {"relu", NAN, NAN}, {"relu", -1, 0}, {"elu", NAN, NAN}, {"elu", -INFINITY, -1}, {"sign", NAN, NAN},
    {"sign", -0.0, 0}, {"sign", -3, -1}, {"round", 2.5, 2}, {"round", -1.5, -2}, {"round", 3.5, 4}, {"floor", -0.5, -1},
    {"ceil", -0.5, -0.0}, {"floor", 1e30, 1e30}, {"abs", -INFINITY, INFINITY}, {"neg", 0, -0.0}, {"square", -3, 9},
  };
  EACH_TABLE(k)
    for (size_t i = 0; i < sizeof edge / sizeof *edge; i++) {
      float want = (float)edge[i].y, got = one(k, edge[i].name, (float)edge[i].x);
      double got64 = one64(k, edge[i].name, edge[i].x);
      CHECK_MSG(memcmp(&got, &want, 4) == 0 || (isnan(got) && isnan(want)) || (want == 0 && got == 0 && !signbit(want)),
                edge[i].name);
      CHECK_MSG(got64 == edge[i].y || (isnan(got64) && isnan(want)), edge[i].name);
    }
  EACH_TABLE(k) { /* denormals are kept */
    CHECK(one(k, "exp", -103) > 0 && one(k, "exp", -103) < 1e-44f);
    CHECK(fabsf(one(k, "log", 1e-45f) + 103.2789f) < 1e-4f);
    CHECK(one(k, "sin", 1e-45f) == 1e-45f && one(k, "tanh", 1e-45f) == 1e-45f && one(k, "log1p", 1e-45f) == 1e-45f);
  }
}

TEST(power) {
  static const float base[] = {0,   -0.0f, 1,    -1,   2,     -2,        0.5f, -0.5f, 3.25f,     -8,
                               1e-40f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN, 1.0000001f, 0.9999999f, 17};
  enum { N = sizeof base / sizeof *base };
  static const float exponent[] = {0, -0.0f, 1, -1, 2, 3, -3, 0.5f, -0.5f, 1e9f, -1e9f, 16777217.0f,
                                   INFINITY, -INFINITY, NAN, 2.5f, 1.0f / 3, 40, -40};
  enum { E = sizeof exponent / sizeof *exponent };
  EACH_TABLE(k)
    for (int i = 0; i < N * E; i++) {
      float x = base[i % N], y = exponent[i / N], z;
      double want = pow((double)x, (double)y);
      char text[120];
      BINARY(k, "pow")->fn[SL_F32](1, &x, 1, &y, 1, &z, 1);
      snprintf(text, sizeof text, "%s pow(%g, %g) = %g, expected %g", k->isa, (double)x, (double)y, (double)z, want);
      CHECK_MSG(ulps(z, want) <= 1 && (isnan(want) || !signbit(z) == !signbit(want)), text);
    }
  EACH_TABLE(k)
    for (int i = 0; i < 20000; i++) {
      float x = (float)exp(number() * 10), y = (float)(number() * 8), z;
      BINARY(k, "pow")->fn[SL_F32](1, &x, 1, &y, 1, &z, 1);
      if (!CHECK(ulps(z, pow((double)x, (double)y)) <= 1)) break;
    }
}

/* Squares and roots are exact, and take the same bits in company and alone. */
TEST(powers_in_company) {
  static const float special[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -3, 2};
  enum { N = 100 };
  float x[N], z[N], exponent[2] = {2, 0.5f}, alone;
  EACH_TABLE(k)
    for (int e = 0; e < 2; e++) {
      for (int i = 0; i < N; i++) x[i] = i % 3 ? (float)(exp(9 * number())) : special[i / 3 % 8];
      BINARY(k, "pow")->fn[SL_F32](N, x, 1, &exponent[e], 0, z, 1);
      for (int i = 0; i < N; i++) {
        float want = (float)pow((double)x[i], (double)exponent[e]);
        BINARY(k, "pow")->fn[SL_F32](1, &x[i], 1, &exponent[e], 1, &alone, 1);
        if (!CHECK(!memcmp(&alone, &z[i], 4) || (alone != alone && z[i] != z[i]))) return;
        if (!CHECK(!memcmp(&want, &z[i], 4) || (want != want && z[i] != z[i]))) return;
      }
    }
}

/* The same number through every lane, tail and stride gives the same bits. */
TEST(bits_do_not_depend_on_place) {
  enum { N = 37 };
  static float x[3 * N], y[3 * N];
  EACH_TABLE(k)
    for (const sl_unary_kernel *u = k->unary; u->name; u++) {
      double p[2] = {0.3, 0.7};
      float v = (float)(1.5 + number()), first;
      u->fn[SL_F32](1, &v, 1, &first, 1, p);
      for (int step = 0; step < 3; step++)
        for (int n = 1; n <= N; n++) {
          for (int i = 0; i < 3 * N; i++) x[i] = v;
          u->fn[SL_F32](n, x, step, y, step ? step : 1, p);
          for (int i = 0; i < n; i++)
            if (!CHECK_MSG(memcmp(&y[i * (step ? step : 1)], &first, 4) == 0, u->name)) return;
        }
    }
}
