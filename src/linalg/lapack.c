#include "linalg/lapack.h"

#include <stddef.h>

/* Fortran's calling convention: everything by address, and after all arguments
   the length of each character argument. */
#define LAPACK_OF(t, T)                                                                                                \
  void t##gesdd_(const char *, const int *, const int *, T *, const int *, T *, T *, const int *, T *, const int *,    \
                 T *, const int *, int *, int *, size_t);                                                              \
  void t##gelqf_(const int *, const int *, T *, const int *, T *, T *, const int *, int *);                            \
  void t##orglq_(const int *, const int *, const int *, T *, const int *, const T *, T *, const int *, int *);         \
  void t##syevd_(const char *, const char *, const int *, T *, const int *, T *, T *, const int *, int *, const int *, \
                 int *, size_t, size_t);                                                                               \
  void t##potrf_(const char *, const int *, T *, const int *, int *, size_t);                                          \
  void t##getrf_(const int *, const int *, T *, const int *, int *, int *);                                            \
  void t##getrs_(const char *, const int *, const int *, const T *, const int *, const int *, T *, const int *, int *, \
                 size_t);                                                                                              \
  static int t##gesdd(char job, int m, int n, void *a, void *s, void *u, void *vt, int rows_vt, void *work, int lwork, \
                      int *iwork) {                                                                                    \
    int info;                                                                                                          \
    t##gesdd_(&job, &m, &n, a, &m, s, u, &m, vt, &rows_vt, work, &lwork, iwork, &info, 1);                             \
    return info;                                                                                                       \
  }                                                                                                                    \
  static int t##gelqf(int m, int n, int lda, void *a, void *tau, void *work, int lwork) {                              \
    int info;                                                                                                          \
    t##gelqf_(&m, &n, a, &lda, tau, work, &lwork, &info);                                                              \
    return info;                                                                                                       \
  }                                                                                                                    \
  static int t##orglq(int m, int n, int k, int lda, void *a, const void *tau, void *work, int lwork) {                 \
    int info;                                                                                                          \
    t##orglq_(&m, &n, &k, a, &lda, tau, work, &lwork, &info);                                                          \
    return info;                                                                                                       \
  }                                                                                                                    \
  static int t##syevd(int n, void *a, void *w, void *work, int lwork, int *iwork, int liwork) {                        \
    int info;                                                                                                          \
    t##syevd_("V", "U", &n, a, &n, w, work, &lwork, iwork, &liwork, &info, 1, 1);                                      \
    return info;                                                                                                       \
  }                                                                                                                    \
  static int t##potrf(int n, void *a) {                                                                                \
    int info;                                                                                                          \
    t##potrf_("U", &n, a, &n, &info, 1);                                                                               \
    return info;                                                                                                       \
  }                                                                                                                    \
  static int t##getrf(int n, void *a, int *pivot) {                                                                    \
    int info;                                                                                                          \
    t##getrf_(&n, &n, a, &n, pivot, &info);                                                                            \
    return info;                                                                                                       \
  }                                                                                                                    \
  static int t##getrs(int n, int columns, const void *a, const int *pivot, void *b) {                                  \
    int info;                                                                                                          \
    t##getrs_("T", &n, &columns, a, &n, pivot, b, &n, &info, 1);                                                       \
    return info;                                                                                                       \
  }                                                                                                                    \
  static double t##at(const void *x, long long i) { return ((const T *)x)[i]; }

LAPACK_OF(s, float)
LAPACK_OF(d, double)

const sl_lapack sl_lapack_real[2] = {
  {sgesdd, sgelqf, sorglq, ssyevd, spotrf, sgetrf, sgetrs, sat},
  {dgesdd, dgelqf, dorglq, dsyevd, dpotrf, dgetrf, dgetrs, dat},
};
