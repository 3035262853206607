/* LAPACK is column-major, tensors are row-major: what it is given as a is a
   row-major a's transpose, so each function below says which decomposition of
   a^T it asks for. Scratch memory is temporaries of the function's own pool. */
#include "sdelua/linalg.h"

#include "linalg/lapack.h"
#include "sdelua/autograd.h"
#include "tensor/internal.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

void openblas_set_num_threads(int n);

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void one_thread(void) { openblas_set_num_threads(1); }

/* ---- arguments ---------------------------------------------------------------------- */

static bool all_finite(const sl_lapack *f, const sl_tensor *t) {
  const void *x = sl_data(t);
  for (int64_t i = 0, n = sl_numel(t); i < n; i++)
    if (!isfinite(f->at(x, i))) return false;
  return true;
}

static bool check_matrix(sl_ctx *c, const char *who, const char *arg, const sl_tensor *t) {
  char got[128];
  if (sl_failed(c)) return false;
  if (!t) return sl_fail(c, SL_EARG, "%s: argument %s: expected a tensor, got nothing", who, arg);
  if (!sl_dtype_is_float(t->dtype))
    return sl_fail(c, SL_EDTYPE, "%s: argument %s: expected float32 or float64, got %s", who, arg,
                   sl_dtype_name(t->dtype));
  if (sl_recording(c) && sl_requires_grad(t))
    return sl_fail(c, SL_EARG, "%s: argument %s: expected a tensor without gradient (linalg is not differentiable: "
                   "detach it), got one that requires it", who, arg);
  bool sized = t->ndim == 2;
  for (int i = 0; i < t->ndim; i++) sized = sized && t->shape[i] > 0 && t->shape[i] <= INT_MAX / 8;
  return sized || sl_fail(c, SL_ESHAPE, "%s: argument %s: expected a matrix, not empty, got shape %s", who, arg,
                          sl_shape_str(t, got));
}

static bool check_square(sl_ctx *c, const char *who, const sl_tensor *a) {
  char got[128];
  return check_matrix(c, who, "a", a) &&
         (a->shape[0] == a->shape[1] || sl_fail(c, SL_ESHAPE, "%s: argument a: expected a square matrix, got shape %s",
                                                who, sl_shape_str(a, got)));
}

/* A contiguous copy of its own, for LAPACK to write over, of finite values. */
static sl_tensor *own_copy(sl_ctx *c, const char *who, const char *arg, const sl_tensor *t) {
  sl_tensor *y = sl_empty(c, t->dtype, t->ndim, t->shape);
  if (!y || !sl_copy_into(c, y, t)) return NULL;
  return all_finite(&sl_lapack_real[t->dtype], y)
           ? y
           : sl_fail(c, SL_EVALUE, "%s: argument %s: expected finite values, got inf or nan", who, arg);
}

/* The same of its transpose. */
static sl_tensor *own_transpose(sl_ctx *c, const char *who, const char *arg, const sl_tensor *t) {
  const int64_t shape[] = {t->shape[1], t->shape[0]}, stride[] = {t->stride[1], t->stride[0]};
  sl_tensor *v = sl_view(c, t, 2, shape, stride, t->offset);
  return v ? own_copy(c, who, arg, v) : NULL;
}

/* ---- scratch and results ------------------------------------------------------------- */

static sl_tensor *matrix(sl_ctx *c, sl_dtype d, int64_t rows, int64_t columns) {
  return sl_empty(c, d, 2, (int64_t[]){rows, columns});
}

static sl_tensor *vector(sl_ctx *c, sl_dtype d, int64_t n) { return sl_empty(c, d, 1, &n); }

static int *ints(sl_ctx *c, int64_t n) {
  sl_tensor *t = vector(c, SL_U8, n * (int64_t)sizeof(int));
  return t ? sl_data(t) : NULL;
}

/* The size that a query answered in a real: float32 may have rounded it down. */
static int work_size(const sl_lapack *f, const void *query) {
  double n = f->at(query, 0) * (1 + 1.0 / (1 << 22)) + 1;
  return n < INT_MAX ? (int)n : INT_MAX;
}

static bool failed(sl_ctx *c, const char *who, int info) {
  return sl_fail(c, SL_EVALUE, "%s: argument a: LAPACK did not converge (info %d)", who, info);
}

/* Closes the pool and hands the n results to the pool outside it; NULLs on failure. */
static bool give(sl_ctx *c, size_t mark, bool ok, int n, sl_tensor **const *result) {
  for (int i = 0; ok && i < n; i++) sl_retain(*result[i]);
  sl_pool_close(c, mark);
  for (int i = 0; ok && i < n; i++)
    if (!sl_temp(c, *result[i])) {
      while (++i < n) sl_release(*result[i]);
      ok = false;
    }
  for (int i = 0; !ok && i < n; i++) *result[i] = NULL;
  return ok;
}

/* ---- singular values: a^T = v s u^T ------------------------------------------------------ */

static bool svd(sl_ctx *c, sl_tensor *a, bool full, sl_tensor **u, sl_tensor **s, sl_tensor **vt) {
  const char *who = "linalg.svd";
  if (!check_matrix(c, who, "a", a)) return false;
  const sl_lapack *f = &sl_lapack_real[a->dtype];
  int m = (int)a->shape[0], n = (int)a->shape[1], k = m < n ? m : n;
  sl_tensor *x = own_copy(c, who, "a", a), *query = vector(c, a->dtype, 1), *work;
  int *iwork = ints(c, 8 * (int64_t)k), columns_u = full ? m : k, info;
  *u = matrix(c, a->dtype, m, columns_u);
  *s = vector(c, a->dtype, k);
  *vt = matrix(c, a->dtype, full ? n : k, n);
  if (!x || !query || !iwork || !*u || !*s || !*vt) return false;
  char job = full ? 'A' : 'S';
  info = f->gesdd(job, n, m, sl_data(x), sl_data(*s), sl_data(*vt), sl_data(*u), columns_u, sl_data(query), -1, iwork);
  int lwork = work_size(f, sl_data(query));
  if (info || !(work = vector(c, a->dtype, lwork))) return info ? failed(c, who, info) : false;
  info = f->gesdd(job, n, m, sl_data(x), sl_data(*s), sl_data(*vt), sl_data(*u), columns_u, sl_data(work), lwork,
                  iwork);
  return info == 0 || failed(c, who, info);
}

bool sl_linalg_svd(sl_ctx *c, sl_tensor *a, bool full, sl_tensor **u, sl_tensor **s, sl_tensor **vt) {
  pthread_once(&once, one_thread);
  size_t mark = sl_pool_open(c);
  bool ok = svd(c, a, full, u, s, vt);
  return give(c, mark, ok, 3, (sl_tensor **[]){u, s, vt});
}

/* ---- a = q r: a^T = l q', so r = l^T and q = q'^T ------------------------------------------ */

/* The rows of q' from what gelqf left in x [m,n] (column-major n by m): its
   first k columns, as a row-major reader sees them, become q. */
static bool lq(sl_ctx *c, const sl_lapack *f, sl_tensor *x, int m, int n, int k, void *tau, sl_tensor *r) {
  const char *who = "linalg.qr";
  sl_tensor *query = vector(c, x->dtype, 1), *work;
  if (!query) return false;
  int info = f->gelqf(n, m, n, sl_data(x), tau, sl_data(query), -1), size = work_size(f, sl_data(query));
  if (!info) info = f->orglq(k, m, k, n, sl_data(x), tau, sl_data(query), -1);
  int other = work_size(f, sl_data(query)), lwork = size > other ? size : other;
  if (info || !(work = vector(c, x->dtype, lwork))) return info ? failed(c, who, info) : false;
  info = f->gelqf(n, m, n, sl_data(x), tau, sl_data(work), lwork);
  sl_tensor *top = sl_view(c, x, 2, (int64_t[]){k, n}, x->stride, x->offset);
  if (info || !top || !sl_copy_into(c, r, top)) return info ? failed(c, who, info) : false;
  info = f->orglq(k, m, k, n, sl_data(x), tau, sl_data(work), lwork);
  return info == 0 || failed(c, who, info);
}

/* Zeroes what lies below (or above) the diagonal. */
static void keep_triangle(sl_tensor *t, bool upper) {
  size_t size = sl_dtype_size(t->dtype);
  int64_t rows = t->shape[0], columns = t->shape[1];
  for (int64_t i = 0; i < rows; i++) {
    int64_t from = upper ? 0 : i + 1, to = upper ? (i < columns ? i : columns) : columns;
    if (to > from) memset((char *)sl_data(t) + (size_t)(i * columns + from) * size, 0, (size_t)(to - from) * size);
  }
}

static bool qr(sl_ctx *c, sl_tensor *a, sl_tensor **q, sl_tensor **r) {
  if (!check_matrix(c, "linalg.qr", "a", a)) return false;
  int m = (int)a->shape[0], n = (int)a->shape[1], k = m < n ? m : n;
  sl_tensor *x = own_copy(c, "linalg.qr", "a", a), *tau = vector(c, a->dtype, k);
  *q = matrix(c, a->dtype, m, k);
  *r = matrix(c, a->dtype, k, n);
  if (!x || !tau || !*q || !*r) return false;
  if (!lq(c, &sl_lapack_real[a->dtype], x, m, n, k, sl_data(tau), *r)) return false;
  keep_triangle(*r, true);
  sl_tensor *left = sl_view(c, x, 2, (int64_t[]){m, k}, x->stride, x->offset);
  return left && sl_copy_into(c, *q, left);
}

bool sl_linalg_qr(sl_ctx *c, sl_tensor *a, sl_tensor **q, sl_tensor **r) {
  pthread_once(&once, one_thread);
  size_t mark = sl_pool_open(c);
  bool ok = qr(c, a, q, r);
  return give(c, mark, ok, 2, (sl_tensor **[]){q, r});
}

/* ---- cholesky: a^T = u^T u, and l = u^T as a row-major reader sees it ------------------------ */

sl_tensor *sl_linalg_cholesky(sl_ctx *c, sl_tensor *a) {
  const char *who = "linalg.cholesky";
  pthread_once(&once, one_thread);
  if (!check_square(c, who, a)) return NULL;
  sl_tensor *l = own_copy(c, who, "a", a);
  if (!l) return NULL;
  int info = sl_lapack_real[a->dtype].potrf((int)a->shape[0], sl_data(l));
  if (info)
    return sl_fail(c, SL_EVALUE, "%s: argument a: expected a positive definite matrix, got one whose leading %d rows "
                   "and columns are not", who, info);
  keep_triangle(l, false);
  return l;
}

/* ---- symmetric eigenvalues -------------------------------------------------------------------- */

static bool eigh(sl_ctx *c, sl_tensor *a, sl_tensor **w, sl_tensor **v) {
  const char *who = "linalg.eigh";
  if (!check_square(c, who, a)) return false;
  const sl_lapack *f = &sl_lapack_real[a->dtype];
  int n = (int)a->shape[0], need;
  sl_tensor *x = own_copy(c, who, "a", a), *query = vector(c, a->dtype, 1);
  *w = vector(c, a->dtype, n);
  *v = matrix(c, a->dtype, n, n);
  if (!x || !query || !*w || !*v) return false;
  int info = f->syevd(n, sl_data(x), sl_data(*w), sl_data(query), -1, &need, -1);
  if (info) return failed(c, who, info);
  int lwork = work_size(f, sl_data(query)), *iwork = ints(c, need);
  sl_tensor *work = vector(c, a->dtype, lwork);
  if (!iwork || !work) return false;
  if ((info = f->syevd(n, sl_data(x), sl_data(*w), sl_data(work), lwork, iwork, need))) return failed(c, who, info);
  sl_tensor *columns = sl_view(c, x, 2, x->shape, (int64_t[]){1, n}, x->offset); /* column-major, as LAPACK left it */
  return columns && sl_copy_into(c, *v, columns);
}

bool sl_linalg_eigh(sl_ctx *c, sl_tensor *a, sl_tensor **w, sl_tensor **v) {
  pthread_once(&once, one_thread);
  size_t mark = sl_pool_open(c);
  bool ok = eigh(c, a, w, v);
  return give(c, mark, ok, 2, (sl_tensor **[]){w, v});
}

/* ---- triangular factors with pivots: of a^T ------------------------------------------------------ */

/* The factors overwrite *lu; info above 0: a is singular. */
static bool factorize(sl_ctx *c, const char *who, sl_tensor *a, sl_tensor **lu, int **pivot, int *info) {
  if (!(*lu = own_copy(c, who, "a", a)) || !(*pivot = ints(c, a->shape[0]))) return false;
  *info = sl_lapack_real[a->dtype].getrf((int)a->shape[0], sl_data(*lu), *pivot);
  return true;
}

static bool check_right_side(sl_ctx *c, const char *who, const sl_tensor *a, const sl_tensor *b) {
  char got[128];
  if (!check_matrix(c, who, "b", b)) return false;
  if (b->dtype != a->dtype)
    return sl_fail(c, SL_EDTYPE, "%s: argument b: expected %s as a is, got %s: use :to", who, sl_dtype_name(a->dtype),
                   sl_dtype_name(b->dtype));
  return b->shape[0] == a->shape[0] ||
         sl_fail(c, SL_ESHAPE, "%s: argument b: expected %lld rows to match a, got shape %s", who,
                 (long long)a->shape[0], sl_shape_str(b, got));
}

static sl_tensor *solve(sl_ctx *c, sl_tensor *a, const sl_tensor *b) {
  const char *who = "linalg.solve";
  int *pivot, info;
  sl_tensor *lu, *x, *y;
  if (!check_right_side(c, who, a, b) || !factorize(c, who, a, &lu, &pivot, &info)) return NULL;
  if (info)
    return sl_fail(c, SL_EVALUE, "%s: argument a: expected an invertible matrix, got a singular one (pivot %d is 0)",
                   who, info);
  if (!(x = own_transpose(c, who, "b", b)) || !(y = matrix(c, a->dtype, b->shape[0], b->shape[1]))) return NULL;
  sl_lapack_real[a->dtype].getrs((int)a->shape[0], (int)b->shape[1], sl_data(lu), pivot, sl_data(x));
  sl_tensor *back = sl_view(c, x, 2, y->shape, (int64_t[]){1, a->shape[0]}, x->offset);
  return back && sl_copy_into(c, y, back) ? y : NULL;
}

sl_tensor *sl_linalg_solve(sl_ctx *c, sl_tensor *a, sl_tensor *b) {
  pthread_once(&once, one_thread);
  size_t mark = sl_pool_open(c);
  if (!check_square(c, "linalg.solve", a)) return sl_pool_return(c, mark, NULL);
  if (!b || b->ndim != 1) return sl_pool_return(c, mark, solve(c, a, b));
  sl_tensor column = *b; /* b [n] is [n,1] */
  column.ndim = 2, column.shape[1] = column.stride[1] = 1;
  sl_tensor *x = solve(c, a, &column);
  return sl_pool_return(c, mark, x ? sl_view(c, x, 1, b->shape, (int64_t[]){1}, 0) : NULL);
}

/* det(a) is the product of the factors' diagonal, negated for each exchange of rows. */
static bool logdet(sl_ctx *c, sl_tensor *a, sl_tensor **sign, sl_tensor **logabs) {
  sl_tensor *lu;
  int *pivot, info, negative = 0;
  double sum = 0;
  if (!check_square(c, "linalg.logdet", a) || !factorize(c, "linalg.logdet", a, &lu, &pivot, &info)) return false;
  int64_t n = a->shape[0];
  for (int64_t i = 0; i < n; i++) {
    double d = sl_lapack_real[a->dtype].at(sl_data(lu), i * n + i);
    negative ^= (d < 0) ^ (pivot[i] != i + 1); /* Fortran counts from 1 */
    sum += log(fabs(d));
  }
  *sign = sl_scalar(c, a->dtype, info ? 0 : negative ? -1 : 1);
  *logabs = sl_scalar(c, a->dtype, info ? -INFINITY : sum);
  return *sign && *logabs;
}

bool sl_linalg_logdet(sl_ctx *c, sl_tensor *a, sl_tensor **sign, sl_tensor **logabs) {
  pthread_once(&once, one_thread);
  size_t mark = sl_pool_open(c);
  bool ok = logdet(c, a, sign, logabs);
  return give(c, mark, ok, 2, (sl_tensor **[]){sign, logabs});
}
