/* The convolutions and their gradients against plain sums in double, on both paths;
   that bits depend neither on the batch nor on the threads; and the accuracy that
   kernel.h promises of Winograd's. */
#include "kernels.h"

/* n h w cin, kh kw cout, stride padding dilation groups, and stride padding dilation of the width. What 0 stands for: a
   dilation and one group of 1, the width's numbers as the height's. */
enum { SETTINGS = 14 };

/* each element exact but for the rounding of its sum */
static const int direct[][SETTINGS] = {
  {2, 5, 6, 3, 3, 3, 4, 1, 1},    {1, 7, 7, 1, 3, 3, 9, 1, 1},    {2, 9, 8, 5, 3, 3, 7, 2, 1},
  {1, 8, 8, 40, 3, 3, 20, 2, 1},  {2, 6, 5, 4, 1, 1, 9, 1, 0},    {1, 7, 9, 2, 1, 1, 3, 2, 0},
  {1, 10, 11, 2, 5, 3, 3, 3, 2},  {1, 4, 4, 2, 4, 4, 3, 1, 0},    {2, 3, 3, 2, 3, 3, 2, 1, 4},
  {1, 6, 6, 3, 2, 2, 5, 2, 0},    {1, 5, 5, 2, 2, 2, 3, 3, 0},    {1, 12, 12, 130, 5, 5, 40, 1, 2},
  {2, 13, 3, 33, 1, 1, 17, 1, 0}, {1, 11, 11, 64, 3, 3, 32, 2, 1}, {2, 8, 8, 32, 1, 1, 48, 1, 1},
  {1, 1, 1, 3, 3, 3, 8, 1, 1},    {1, 40, 40, 8, 3, 3, 3, 1, 1},  {2, 3, 9, 40, 3, 3, 20, 1, 1},
  {0, 8, 8, 16, 3, 3, 16, 1, 1},  {0, 8, 8, 4, 3, 3, 4, 1, 1},    {2, 5, 5, 0, 3, 3, 32, 1, 1},
  /* dilated; sides that differ; strides that share a divisor with the dilation */
  {2, 9, 8, 20, 3, 3, 24, 1, 2, 2}, {1, 9, 11, 5, 3, 2, 7, 1, 4, 4},  {2, 9, 10, 6, 3, 3, 5, 2, 2, 2},
  {1, 11, 9, 3, 2, 3, 4, 4, 3, 6},  {1, 9, 13, 40, 5, 3, 9, 3, 1, 2}, {2, 7, 9, 5, 3, 3, 6, 1, 2, 1, 1, 2, 1},
  {1, 8, 12, 17, 2, 5, 9, 3, 1, 2, 1, 2, 4, 1}, {2, 6, 7, 12, 3, 3, 8, 1, 1, 1, 1, 3, 2, 2},
  /* groups */
  {2, 7, 6, 6, 3, 3, 4, 1, 1, 1, 2},   {1, 8, 9, 24, 3, 3, 60, 2, 1, 1, 3}, {2, 6, 5, 36, 1, 1, 12, 1, 0, 1, 4},
  {2, 9, 7, 8, 3, 2, 12, 1, 2, 2, 4},  {1, 6, 6, 5, 3, 3, 15, 2, 1, 1, 5},  {1, 7, 7, 12, 3, 3, 6, 1, 1, 1, 6},
  {0, 5, 5, 4, 3, 3, 4, 1, 1, 1, 2},   {1, 8, 8, 36, 3, 3, 36, 1, 1, 1, 2},
  /* one channel a group */
  {2, 7, 13, 3, 3, 3, 3, 1, 1, 1, 3},  {1, 12, 21, 40, 3, 3, 40, 1, 1, 1, 40}, {2, 9, 19, 33, 3, 3, 33, 2, 1, 1, 33},
  {1, 11, 30, 70, 5, 3, 70, 1, 2, 2, 70}, {1, 9, 11, 5, 3, 3, 5, 4, 3, 6, 5},  {0, 5, 5, 4, 3, 3, 4, 1, 1, 1, 4},
  {1, 4, 40, 8, 1, 7, 8, 1, 0, 1, 8, 3, 5, 2}, {2, 3, 3, 9, 3, 3, 9, 1, 4, 1, 9}, {1, 6, 6, 4, 2, 2, 4, 3, 0, 1, 4},
};
/* 3x3, stride 1: in float32 by Winograd's method, all but the smallest images and fewest channels */
static const int tiled[][SETTINGS] = {
  {1, 1, 1, 16, 3, 3, 16, 1, 1},   {2, 4, 9, 16, 3, 3, 32, 1, 1},  {3, 5, 4, 17, 3, 3, 33, 1, 1},
  {1, 6, 8, 40, 3, 3, 20, 1, 0},   {2, 4, 5, 32, 3, 3, 24, 1, 2},  {1, 5, 4, 19, 3, 3, 16, 1, 1},
  {3, 6, 7, 33, 3, 3, 47, 1, 0},   {2, 7, 6, 64, 3, 3, 31, 1, 2},  {1, 8, 8, 130, 3, 3, 40, 1, 1},
  {2, 9, 5, 21, 3, 3, 70, 1, 1},   {1, 14, 14, 96, 3, 3, 32, 1, 1}, {2, 7, 7, 32, 3, 3, 96, 1, 1},
  {1, 13, 19, 80, 3, 3, 72, 1, 1}, {3, 4, 4, 64, 3, 3, 64, 1, 1},  {1, 4, 8, 350, 3, 3, 16, 1, 1},
  {1, 7, 7, 1, 3, 3, 33, 1, 1},    {2, 9, 9, 3, 3, 3, 32, 1, 1},   {2, 6, 7, 1, 3, 3, 64, 1, 1},
  {3, 6, 7, 32, 3, 3, 1, 1, 1},    {2, 5, 9, 48, 3, 3, 3, 1, 1},   {1, 40, 40, 8, 3, 3, 5, 1, 1},
  {2, 7, 9, 32, 3, 3, 24, 1, 1, 1, 1, 1, 2},
};
#define COUNT(list) (int)(sizeof list / sizeof *list)

static int64_t given(int64_t value, int64_t otherwise) { return value ? value : otherwise; }

static sl_conv sized(const int *f) {
  sl_conv s = {f[0], f[1], f[2], f[3], f[4], f[5], f[6], {f[7], given(f[11], f[7])}, {f[8], given(f[12], f[8])},
               {given(f[9], 1), given(f[13], given(f[9], 1))}, given(f[10], 1), 0, 0};
  s.oh = (s.h + 2 * s.padding[0] - s.dilation[0] * (s.kh - 1) - 1) / s.stride[0] + 1;
  s.ow = (s.w + 2 * s.padding[1] - s.dilation[1] * (s.kw - 1) - 1) / s.stride[1] + 1;
  return s;
}

typedef struct data {
  sl_conv s;
  int d;
  int64_t nx, nw, ny;
  void *x, *w, *dy, *bias, *back, *residual;        /* given; bias [n,cout], back [n,cin] */
  double *y, *dx, *dw, *y_size, *dx_size, *dw_size; /* the plain products, and the sums of magnitudes behind them */
  void *got_y, *got_dx, *got_dw;
} data;

static void add_term(double *sum, double *size, double t) { *sum += t, *size += fabs(t); }

/* The products of output o with each element of its window. */
static void reference(data *t, int64_t o) {
  const sl_conv *s = &t->s;
  int64_t co = o % s->cout, ox = o / s->cout % s->ow, oy = o / s->cout / s->ow % s->oh;
  int64_t n = o / s->cout / s->ow / s->oh;
  int64_t cin = s->cin / s->groups, first = co / (s->cout / s->groups) * cin;
  double dy = real_at(t->d, t->dy, o);
  for (int64_t e = 0; e < s->kh * s->kw; e++) {
    int64_t ix = ox * s->stride[1] - s->padding[1] + e % s->kw * s->dilation[1];
    int64_t iy = oy * s->stride[0] - s->padding[0] + e / s->kw * s->dilation[0];
    if (iy < 0 || iy >= s->h || ix < 0 || ix >= s->w) continue;
    for (int64_t ci = 0; ci < cin; ci++) {
      int64_t xi = ((n * s->h + iy) * s->w + ix) * s->cin + first + ci, wi = (e * cin + ci) * s->cout + co;
      double x = real_at(t->d, t->x, xi), w = real_at(t->d, t->w, wi);
      add_term(t->y + o, t->y_size + o, x * w);
      add_term(t->dx + xi, t->dx_size + xi, dy * w);
      add_term(t->dw + wi, t->dw_size + wi, dy * x);
    }
  }
}

static data make(const int *f, int d, void *(*x)(int, int64_t)) {
  data t = {.s = sized(f), .d = d};
  sl_conv s = t.s;
  t.nx = s.n * s.h * s.w * s.cin, t.nw = s.kh * s.kw * s.cin / s.groups * s.cout, t.ny = s.n * s.oh * s.ow * s.cout;
  t.x = x ? x(d, t.nx) : reals(d, t.nx, 1, 0), t.w = reals(d, t.nw, 1, 0);
  t.dy = x ? x(d, t.ny) : reals(d, t.ny, 1, 0);
  t.bias = reals(d, s.n * s.cout, 1, 0), t.back = reals(d, s.n * s.cin, 1, 0), t.residual = reals(d, t.ny, 1, 0);
  t.y = reals(SL_F64, t.ny, 0, 0), t.dx = reals(SL_F64, t.nx, 0, 0), t.dw = reals(SL_F64, t.nw, 0, 0);
  t.y_size = reals(SL_F64, t.ny, 0, 0), t.dx_size = reals(SL_F64, t.nx, 0, 0), t.dw_size = reals(SL_F64, t.nw, 0, 0);
  t.got_y = reals(d, t.ny, 0, 99), t.got_dx = reals(d, t.nx, 0, 99), t.got_dw = reals(d, t.nw, 0, 99);
  for (int64_t o = 0; o < t.ny; o++) reference(&t, o);
  return t;
}
static void drop(data *t) {
  void *p[] = {t->x, t->w, t->dy, t->bias, t->back, t->residual, t->y, t->dx, t->dw, t->y_size, t->dx_size, t->dw_size,
               t->got_y, t->got_dx, t->got_dw};
  for (size_t i = 0; i < sizeof p / sizeof *p; i++) free(p[i]);
}

/* What the epilogue of a form adds to output o, of y or of dx; form: bits 0 bias, 1 per sample, 2 residual (y's). */
static sl_epilogue epilogue(const data *t, int form) {
  return (sl_epilogue){form & 1 ? t->bias : NULL, (form & 2) != 0, form & 4 ? t->residual : NULL};
}
static double added(const data *t, int form, int64_t o) {
  int64_t co = o % t->s.cout, n = o / t->s.cout / t->s.ow / t->s.oh;
  double sum = form & 1 ? real_at(t->d, t->bias, (form & 2 ? n * t->s.cout : 0) + co) : 0;
  return form & 4 ? sum + real_at(t->d, t->residual, o) : sum;
}
static sl_epilogue epilogue_back(const data *t, int form) {
  return (sl_epilogue){form & 1 ? t->back : NULL, (form & 2) != 0, NULL};
}
static double added_back(const data *t, int form, int64_t o) {
  int64_t ci = o % t->s.cin, n = o / t->s.cin / t->s.w / t->s.h;
  return form & 1 ? real_at(t->d, t->back, (form & 2 ? n * t->s.cin : 0) + ci) : 0;
}

static void run(sl_ctx *c, const sl_kernels *k, data *t, int form) {
  sl_epilogue e = epilogue(t, form), back = epilogue_back(t, form);
  CHECK(k->real[t->d].conv2d(c, &t->s, t->x, t->w, &e, t->got_y));
  CHECK(k->real[t->d].conv2d_dx(c, &t->s, t->dy, t->w, &back, t->got_dx));
  CHECK(k->real[t->d].conv2d_dw(c, &t->s, t->x, t->dy, t->got_dw));
}

/* ---- each element within a few roundings of its own terms ---------------------------------- */

static void check_elements(const data *t, int form) {
  double e = 4 * eps_of(t->d);
  bool fine = true;
  for (int64_t i = 0; i < t->ny && fine; i++) {
    double more = added(t, form, i);
    fine = NEAR(real_at(t->d, t->got_y, i), t->y[i] + more, e * (t->y_size[i] + 2), "conv2d");
  }
  for (int64_t i = 0; i < t->nx && fine; i++) {
    double more = added_back(t, form, i), room = form & 1 ? 2 : 0;
    fine = NEAR(real_at(t->d, t->got_dx, i), t->dx[i] + more, e * (t->dx_size[i] + room), "conv2d_dx");
  }
  for (int64_t i = 0; i < t->nw && fine; i++)
    fine = NEAR(real_at(t->d, t->got_dw, i), t->dw[i], e * t->dw_size[i], "conv2d_dw");
}

TEST(direct_convolutions_match) {
  for (int i = 0; i < COUNT(direct) + COUNT(tiled); i++)
    for (int d = i < COUNT(direct) ? SL_F32 : SL_F64; d <= SL_F64; d++) {
      data t = make(i < COUNT(direct) ? direct[i] : tiled[i - COUNT(direct)], d, NULL);
      EACH_TABLE(k)
        for (int form = 0; form < 8; form++) {
          if (form == 2 || form == 6) continue;
          run(c, k, &t, form);
          check_elements(&t, form);
        }
      drop(&t);
    }
}

/* ---- whole tensors within the promised distance ---------------------------------------------- */

static double distance(const data *t, const void *got, const double *want, int64_t n, int form) {
  double off = 0, size = 0;
  for (int64_t i = 0; i < n; i++) {
    double more = want == t->y ? added(t, form, i) : want == t->dx ? added_back(t, form, i) : 0;
    double y = want[i] + more, e = real_at(t->d, got, i) - y;
    off += e * e, size += y * y;
  }
  return sqrt(off / size);
}
static void check_distance(const data *t, int form) {
  NEAR(distance(t, t->got_y, t->y, t->ny, form), 0, 5e-6, "conv2d");
  NEAR(distance(t, t->got_dx, t->dx, t->nx, form), 0, 5e-6, "conv2d_dx");
  NEAR(distance(t, t->got_dw, t->dw, t->nw, 0), 0, 1e-5, "conv2d_dw");
}

TEST(tiled_convolutions_match) {
  for (int i = 0; i < COUNT(tiled); i++) {
    data t = make(tiled[i], SL_F32, NULL);
    EACH_TABLE(k)
      for (int form = 0; form < 8; form++) {
        run(c, k, &t, form);
        check_distance(&t, form);
      }
    drop(&t);
  }
}

static void *normals(int d, int64_t n) {
  void *p = reals(d, n, 0, 0);
  for (int64_t i = 0; i < n; i++)
    real_put(d, p, i, sqrt(-2 * log(number() / 2 + 0.5 + 0x1p-54)) * cos(3.14159265358979 * number()));
  return p;
}
static void *silu_of_normals(int d, int64_t n) {
  void *p = normals(d, n);
  for (int64_t i = 0; i < n; i++) real_put(d, p, i, real_at(d, p, i) / (1 + exp(-real_at(d, p, i))));
  return p;
}

TEST(winograd_is_as_accurate_as_promised) {
  static const int large[][SETTINGS] = {{1, 8, 8, 256, 3, 3, 256, 1, 1}, {32, 28, 28, 16, 3, 3, 16, 1, 1}};
  for (int i = 0; i < 2; i++)
    for (int silu = 0; silu < 2; silu++) {
      data t = make(large[i], SL_F32, silu ? silu_of_normals : normals);
      EACH_TABLE(k) {
        run(c, k, &t, 0);
        check_distance(&t, 0);
      }
      drop(&t);
    }
}

/* ---- bits --------------------------------------------------------------------------------------- */

static const int some[][SETTINGS] = {
  {7, 9, 10, 20, 3, 3, 40, 2, 1}, {7, 9, 10, 20, 3, 3, 40, 1, 1}, {5, 7, 7, 96, 3, 3, 70, 1, 1},
  {33, 4, 5, 16, 3, 3, 16, 1, 1}, {9, 12, 13, 1, 3, 3, 32, 1, 1}, {9, 12, 13, 32, 3, 3, 1, 1, 1},
  {9, 12, 13, 48, 1, 1, 32, 1, 0}, {3, 28, 28, 64, 3, 3, 64, 1, 1}, {7, 9, 10, 20, 3, 3, 40, 1, 2, 2},
  {7, 9, 10, 20, 3, 3, 40, 2, 1, 1, 4}, {9, 12, 27, 37, 3, 3, 37, 1, 1, 1, 37}, {9, 12, 27, 37, 3, 3, 37, 2, 2, 3, 37},
};

TEST(bits_do_not_depend_on_threads) {
  for (int i = 0; i < COUNT(some); i++) {
    data t = make(some[i], SL_F32, NULL);
    size_t ny = (size_t)t.ny * 4, nx = (size_t)t.nx * 4, nw = (size_t)t.nw * 4;
    char *first = malloc(ny + nx + nw);
    EACH_TABLE(k)
      for (int threads = 1; threads <= 3; threads++) {
        sl_threads_set(c, threads);
        run(c, k, &t, 7);
        if (threads == 1) {
          memcpy(first, t.got_y, ny), memcpy(first + ny, t.got_dx, nx), memcpy(first + ny + nx, t.got_dw, nw);
        }
        CHECK(!memcmp(first, t.got_y, ny) && !memcmp(first + ny, t.got_dx, nx));
        CHECK(!memcmp(first + ny + nx, t.got_dw, nw));
      }
    free(first);
    drop(&t);
  }
}

/* A sample alone gives the bits that it gives in the batch. */
TEST(bits_do_not_depend_on_the_batch) {
  for (int i = 0; i < COUNT(some); i++) {
    data t = make(some[i], SL_F32, NULL);
    int64_t px = t.nx / t.s.n, py = t.ny / t.s.n;
    float *y = reals(SL_F32, py, 0, 0), *dx = reals(SL_F32, px, 0, 0);
    sl_conv one = t.s;
    one.n = 1;
    EACH_TABLE(k) {
      run(c, k, &t, 7);
      for (int64_t n = 0; n < t.s.n; n++) {
        sl_epilogue e = {(float *)t.bias + n * t.s.cout, true, (float *)t.residual + n * py};
        sl_epilogue back = {(float *)t.back + n * t.s.cin, true, NULL};
        CHECK(k->real[SL_F32].conv2d(c, &one, (float *)t.x + n * px, t.w, &e, y));
        CHECK(k->real[SL_F32].conv2d_dx(c, &one, (float *)t.dy + n * py, t.w, &back, dx));
        CHECK(!memcmp((float *)t.got_y + n * py, y, (size_t)py * 4));
        CHECK(!memcmp((float *)t.got_dx + n * px, dx, (size_t)px * 4));
      }
    }
    free(y), free(dx);
    drop(&t);
  }
}

TEST(convolutions_out_of_memory) {
  for (int i = 0; i < 2; i++) {
    data t = make(some[i], SL_F32, NULL);
    EACH_TABLE(k)
      for (int op = 0; op < 3; op++) {
        const sl_real_kernels *r = &k->real[SL_F32];
        sl_mem_fail(c, 1, false);
        CHECK(!(op == 0   ? r->conv2d(c, &t.s, t.x, t.w, &(sl_epilogue){0}, t.got_y)
                : op == 1 ? r->conv2d_dx(c, &t.s, t.dy, t.w, &(sl_epilogue){0}, t.got_dx)
                          : r->conv2d_dw(c, &t.s, t.x, t.dy, t.got_dw)));
        sl_mem_fail(c, 0, false);
        CHECK_ERROR(c, SL_EMEMORY, "");
      }
    drop(&t);
  }
}
