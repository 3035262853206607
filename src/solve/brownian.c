/* A Brownian path that is never stored: a virtual tree (Li et al. 2020; Kidger 2021) whose nodes also hold
   the space-time Levy area (Foster, Lyons & Oberhauser 2020; Jelincic, Foster & Kidger 2024).

   The roots are [0, 1] and [2^(j-1), 2^j]; disjoint intervals are independent, so each root has a draw of its own. With
   W the increment over an interval of length h and H = (mean of the path over it, from its start) - W/2, W ~ N(0, h)
   and H ~ N(0, h/12) are independent. Given both, the halves follow from two further normals (see halve). */
#include "kernel/kernel.h"
#include "solve/run.h"

#include <math.h>

enum { DEPTH = 40, CHUNK = 64, ROOTS = 64 };

typedef struct query {
  const sl_real_kernels *k;
  uint64_t seed, first;
  const int64_t *index;
  int64_t rows, row, per; /* per: pieces of a row, or rows in a piece when negative */
  const double *a, *b;
  bool per_row;
  double *W, *H;
} query;

/* One piece of the result, over [a, b]: elements `from` .. of row `row`, or all those of several rows. J is the
   integral of the path from a's value on. */
typedef struct piece {
  const query *q;
  int64_t row, rows, from, n;
  double a, b;
  double W[CHUNK], J[CHUNK];
} piece;

/* A dyadic interval [s, s + h]. Its id is the root's number and its place in a heap, in which 0 is the root's draw. */
typedef struct node {
  uint64_t id;
  int depth;
  double s, h;
  double W[CHUNK], H[CHUNK];
} node;

/* Two unit normals an element. Each node has a Philox key of its own, itself a word of the stream; nodes differ in the
   place of the sample's index there. */
static void draw(const piece *p, uint64_t id, double *z1, double *z2) {
  const query *q = p->q;
  uint32_t bits[4];
  sl_philox(&(sl_key){.seed = q->seed, .index = id, .draw = UINT32_MAX, .stream = SL_STREAM_BROWNIAN}, 0, bits);
  sl_key key = {.seed = bits[0] | (uint64_t)bits[1] << 32, .stream = SL_STREAM_BROWNIAN};
  for (uint32_t i = 0; i < 2; i++) {
    double *z = i ? z2 : z1;
    key.draw = i;
    key.index = q->first + (uint64_t)p->row;
    if (q->per < 0) {
      q->k->random_rows(SL_NORMAL, &key, q->index ? q->index + p->row : NULL, p->rows, q->row, z);
      continue;
    }
    if (q->index) key.index = (uint64_t)q->index[p->row];
    q->k->random(SL_NORMAL, &key, p->from, p->n, z);
  }
}

/* W = W1 + W2 and H = (H1 + H2)/2 + (W1 - W2)/4, with W1, W2 ~ N(0, h/2) and H1, H2 ~ N(0, h/24): so W1 - W2 given H is
   N(3 H, h/4), which with H tells H1 + H2; H1 - H2 ~ N(0, h/12) is free. */
static void halve(const piece *p, const node *whole, node *left, node *right) {
  double z1[CHUNK], z2[CHUNK], h = whole->h, root = sqrt(h) / 2, area = sqrt(h / 12);
  draw(p, whole->id, z1, z2);
  left->depth = right->depth = whole->depth + 1;
  left->h = right->h = h / 2;
  left->s = whole->s, right->s = whole->s + h / 2;
  uint64_t top = whole->id & ~(((uint64_t)1 << (DEPTH + 1)) - 1), heap = whole->id - top;
  left->id = top + 2 * heap, right->id = top + 2 * heap + 1;
  for (int64_t i = 0; i < p->n; i++) {
    double W = whole->W[i], H = whole->H[i], D = 3 * H + root * z1[i], S = 2 * H - D / 2, M = area * z2[i];
    left->W[i] = (W + D) / 2, right->W[i] = (W - D) / 2;
    left->H[i] = (S + M) / 2, right->H[i] = (S - M) / 2;
  }
}

/* Puts an interval of length h with increment W and integral J behind what is there. */
static void append(piece *p, int64_t i, double h, double W, double J) {
  p->J[i] += h * p->W[i] + J;
  p->W[i] += W;
}

/* In the smallest intervals the path is its mean given W and H, u W + 6 u (1 - u) H at the share u of the way. */
static double inside(double u, double W, double H) { return u * W + 6 * u * (1 - u) * H; }
static double area_inside(double u, double W, double H) { return u * u / 2 * W + u * u * (3 - 2 * u) * H; }

static void append_part(piece *p, const node *v) {
  double u1 = fmax(p->a - v->s, 0) / v->h, u2 = fmin((p->b - v->s) / v->h, 1);
  for (int64_t i = 0; i < p->n; i++) {
    double W = v->W[i], H = v->H[i], start = inside(u1, W, H);
    double area = area_inside(u2, W, H) - area_inside(u1, W, H) - (u2 - u1) * start;
    append(p, i, (u2 - u1) * v->h, inside(u2, W, H) - start, area * v->h);
  }
}

static void visit(piece *p, const node *v) {
  double a = p->a, b = p->b;
  if (a <= v->s && v->s + v->h <= b) {
    for (int64_t i = 0; i < p->n; i++) append(p, i, v->h, v->W[i], v->h * (v->H[i] + v->W[i] / 2));
    return;
  }
  if (v->depth == DEPTH) {
    append_part(p, v);
    return;
  }
  node left, right;
  halve(p, v, &left, &right);
  if (a < right.s) visit(p, &left);
  if (b > right.s) visit(p, &right);
}

static void visit_root(piece *p, int j) {
  node v = {.id = (uint64_t)j << (DEPTH + 1), .s = j ? ldexp(1, j - 1) : 0};
  v.h = j ? v.s : 1;
  if (p->b <= v.s || p->a >= v.s + v.h) return;
  draw(p, v.id++, v.W, v.H);
  for (int64_t i = 0; i < p->n; i++) v.W[i] *= sqrt(v.h), v.H[i] *= sqrt(v.h / 12);
  visit(p, &v);
}

/* Between a < b; the way back has -W and the same H. */
static void store(const query *q, const piece *p, double sign) {
  double h = p->b - p->a;
  for (int64_t k = 0, at = p->row * q->row + p->from; k < p->n; k++, at++) {
    q->W[at] = sign * p->W[k];
    q->H[at] = h > 0 ? p->J[k] / h - p->W[k] / 2 : 0;
  }
}

static void run_piece(const query *q, int64_t i) {
  bool many = q->per < 0;
  piece p = {.q = q, .row = many ? i * -q->per : i / q->per};
  int64_t at = q->per_row ? p.row : 0;
  p.a = fmin(q->a[at], q->b[at]), p.b = fmax(q->a[at], q->b[at]);
  p.rows = many ? (q->rows - p.row < -q->per ? q->rows - p.row : -q->per) : 1;
  p.from = many ? 0 : i % q->per * CHUNK;
  p.n = many ? p.rows * q->row : q->row - p.from < CHUNK ? q->row - p.from : CHUNK;
  for (int j = 0; p.a < p.b && j < ROOTS; j++) visit_root(&p, j);
  store(q, &p, q->a[at] < q->b[at] ? 1 : -1);
}

static void run_pieces(void *arg, int64_t begin, int64_t end, int lane) {
  (void)lane;
  for (int64_t i = begin; i < end; i++) run_piece(arg, i);
}

static bool check_times(sl_ctx *c, const double *a, const double *b, int64_t n) {
  for (int64_t i = 0; i < n; i++)
    if (!(a[i] >= 0 && b[i] >= 0 && a[i] < 0x1p63 && b[i] < 0x1p63))
      return sl_fail(c, SL_EARG, "noise: argument times: expected numbers in [0, 2^63), got %g, %g", a[i], b[i]);
  return true;
}

static bool check_query(sl_ctx *c, const sl_noise *n, sl_dtype d, int ndim, const int64_t *shape) {
  if (sl_failed(c)) return false;
  if (n->draw) return sl_fail(c, SL_EARG, "noise: expected one with a seed or a function brownian, got a function");
  if (ndim < 1 || !sl_dtype_is_float(d)) return sl_fail(c, SL_ESHAPE, "noise: argument shape: expected float [N, ...]");
  return sl_noise_check_index(c, n, shape);
}

bool sl_noise_increment(sl_ctx *c, const sl_noise *n, sl_dtype d, int ndim, const int64_t *shape, const double *a,
                        const double *b, bool per_row, sl_tensor **W, sl_tensor **H) {
  if (!check_query(c, n, d, ndim, shape) || !check_times(c, a, b, per_row ? shape[0] : 1)) return false;
  sl_tensor *w = sl_empty(c, SL_F64, ndim, shape), *area = sl_empty(c, SL_F64, ndim, shape);
  sl_tensor *index = n->index ? sl_contiguous(c, n->index) : NULL;
  if (!w || !area || (n->index && !index)) return false;
  int64_t rows = shape[0], row = rows ? sl_numel(w) / rows : 0;
  query q = {.k = &c->k->real[SL_F64], .seed = n->seed, .first = (uint64_t)n->first, .rows = rows, .row = row};
  q.index = index ? sl_data(index) : NULL, q.a = a, q.b = b, q.per_row = per_row;
  q.W = sl_data(w), q.H = sl_data(area);
  if (row > 0) {
    q.per = row >= CHUNK ? (row + CHUNK - 1) / CHUNK : per_row ? -1 : -(CHUNK / row);
    sl_parallel_for(c, q.per < 0 ? (rows - q.per - 1) / -q.per : rows * q.per, 1, run_pieces, &q);
  }
  *W = sl_cast(c, w, d);
  if (H) *H = sl_cast(c, area, d);
  return *W && (!H || *H);
}
