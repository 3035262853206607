/* One build's table: the families below, for the instruction set that SL_ISA
   names and the compiler was told to use. */
#include "base/ctx.h"
#include "kernel/kernel.h"

#include "kernel/math32.h"
#include "kernel/math64.h"
#include "kernel/philox.h"
#include "kernel/vec.h"

#include "kernel/exact.inc"

/* The floating families are written once. T: the type; V: its vector, of L
   lanes; M: the mask that V's comparisons give; R(x): its x. */
#define T float
#define V f32v
#define M f32m
#define L F32L
#define R(name) f32_##name
#include "kernel/real.inc"
#undef T
#undef V
#undef M
#undef L
#undef R

#define T double
#define V f64v
#define M f64m
#define L F64L
#define R(name) f64_##name
#include "kernel/real.inc"

#define UNARY_REAL(name) {#name, {f32_k_##name, f64_k_##name, NULL, NULL}},
#define UNARY_INT(name) {#name, {f32_k_##name, f64_k_##name, i64_k_##name, NULL}},
static const sl_unary_kernel unary_kernels[] = {
  SL_UNARY_REAL(UNARY_REAL)
  SL_UNARY_ALL(UNARY_INT)
  {"clamp", {f32_k_clamp, f64_k_clamp, i64_k_clamp, u8_k_clamp}},
  {NULL, {NULL}},
};

#define BINARY_REAL(name) {#name, false, {f32_k_##name, f64_k_##name, NULL, NULL}},
#define BINARY_ALL(name) {#name, false, {f32_k_##name, f64_k_##name, i64_k_##name, u8_k_##name}},
#define COMPARE(name, op) {#name, true, {f32_k_##name, f64_k_##name, i64_k_##name, u8_k_##name}},
static const sl_binary_kernel binary_kernels[] = {
  SL_BINARY_REAL(BINARY_REAL)
  SL_BINARY_ALL(BINARY_ALL)
  SL_COMPARE(COMPARE)
  {NULL, false, {NULL}},
};

static const sl_reduce_kernel reduce_kernels[] = {
  {"sum", {f32_k_sum, f64_k_sum, i64_k_sum, NULL}},
  {"amax", {f32_k_amax, f64_k_amax, i64_k_amax, u8_k_amax}},
  {"amin", {f32_k_amin, f64_k_amin, i64_k_amin, u8_k_amin}},
  {NULL, {NULL}},
};

#define REAL(P)                                                                                                            \
  {.gemm = P##gemm, .conv2d = P##conv2d, .conv2d_dx = P##conv2d_dx, .conv2d_dw = P##conv2d_dw,                             \
   .norm = P##norm, .norm_apply = P##norm_apply, .norm_grad = P##norm_grad, .attention = P##attention,                     \
   .attention_grad = P##attention_grad, .softmax = P##softmax, .softmax_grad = P##softmax_grad, .logsumexp = P##logsumexp, \
   .cumsum = P##cumsum, .cumprod = P##cumprod, .linear_scan = P##linear_scan, .upsample = P##upsample,                     \
   .downsample = P##downsample, .windows = P##windows, .largest = P##largest, .largest_at = P##largest_at,                 \
   .largest_grad = P##largest_grad, .random = P##random,                                                                   \
   .random_rows = P##random_rows, .sumsq = P##sumsq, .adam = P##adam, .sgd = P##sgd,                                       \
   .ema = P##ema, .probe = P##probe}

#define PASTE(a, b) a##b
#define TABLE(isa) PASTE(sl_kernels_, isa)
#define QUOTE(x) #x
#define NAME(isa) QUOTE(isa)
const sl_kernels TABLE(SL_ISA) = {
  .isa = NAME(SL_ISA),
  .unary = unary_kernels,
  .binary = binary_kernels,
  .reduce = reduce_kernels,
  .where = {u32_where, u64_where, u64_where, u8_where},
  .axpby = {f32_axpby, f64_axpby, NULL, NULL},
  .cast = CASTS,
  .real = {REAL(f32_), REAL(f64_)},
};
