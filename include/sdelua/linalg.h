/* sdelua/linalg.h: dense decompositions and solves, by OpenBLAS's LAPACK.

   Matrices are 2-D float32 or float64 tensors of any layout, neither side
   empty; results are contiguous, in the current pool, of the same type.
   Nothing here is differentiable: a tensor that requires a gradient, while ops
   are recorded, is SL_EARG (detach it). Values that are not finite, a matrix
   outside an operation's domain and LAPACK's own failures are SL_EVALUE.

   OpenBLAS runs on the calling thread alone (the first call says so to it, for
   the whole process): its results would change with the number of threads.
   Large products are sl_matmul's. */
#ifndef SDELUA_LINALG_H
#define SDELUA_LINALG_H

#include "sdelua/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* a [m,n] = u diag(s) vt, s [k] descending and not negative, k = min(m,n):
   u [m,k], vt [k,n]; with `full` u [m,m], vt [n,n], both orthogonal. */
SL_API bool sl_linalg_svd(sl_ctx *c, sl_tensor *a, bool full, sl_tensor **u, sl_tensor **s, sl_tensor **vt);
/* a [m,n] = q r, q [m,k] with orthonormal columns, r [k,n] upper triangular. */
SL_API bool sl_linalg_qr(sl_ctx *c, sl_tensor *a, sl_tensor **q, sl_tensor **r);
/* a [n,n] = l l^T with l lower triangular, for a symmetric and positive
   definite a, whose lower triangle alone is read. */
SL_API sl_tensor *sl_linalg_cholesky(sl_ctx *c, sl_tensor *a);
/* a [n,n] = v diag(w) v^T, w [n] ascending, the columns of v orthonormal, for
   a symmetric a, whose lower triangle alone is read. */
SL_API bool sl_linalg_eigh(sl_ctx *c, sl_tensor *a, sl_tensor **w, sl_tensor **v);
/* x with a x = b, for an invertible a [n,n] and b [n] or [n,m]. */
SL_API sl_tensor *sl_linalg_solve(sl_ctx *c, sl_tensor *a, sl_tensor *b);
/* det(a) = sign exp(logabs), both without dimensions; a singular a has sign 0
   and logabs -inf. */
SL_API bool sl_linalg_logdet(sl_ctx *c, sl_tensor *a, sl_tensor **sign, sl_tensor **logabs);

#ifdef __cplusplus
}
#endif
#endif
