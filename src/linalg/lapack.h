/* The LAPACK routines in use, over pointers to either real type: lapack[SL_F32]
   and lapack[SL_F64]. Matrices are column-major, without gaps. Each returns
   LAPACK's info. With lwork -1, work[0] receives the size of work wanted. */
#ifndef SL_LINALG_LAPACK_H
#define SL_LINALG_LAPACK_H

typedef struct sl_lapack {
  /* singular value decomposition: job 'S' or 'A'; ld of u is m, of vt is rows_vt */
  int (*gesdd)(char job, int m, int n, void *a, void *s, void *u, void *vt, int rows_vt, void *work, int lwork,
               int *iwork);
  /* a [m,n] = l q */
  int (*gelqf)(int m, int n, int lda, void *a, void *tau, void *work, int lwork);
  int (*orglq)(int m, int n, int k, int lda, void *a, const void *tau, void *work, int lwork);
  /* upper triangle; eigenvectors into a */
  int (*syevd)(int n, void *a, void *w, void *work, int lwork, int *iwork, int liwork);
  int (*potrf)(int n, void *a);
  int (*getrf)(int n, void *a, int *pivot);
  int (*getrs)(int n, int columns, const void *a, const int *pivot, void *b); /* a^T x = b */
  double (*at)(const void *x, long long i);
} sl_lapack;

extern const sl_lapack sl_lapack_real[2];

#endif
