/* Ops against PyTorch 1.13: value, gradients of sum(out r), and gradients of
   sum(g u) with g = d/d(first input) sum((out + out^2/2) r), all computed there in
   double from float32 inputs and rounded. Each case maps the reference's layout
   (N,C,H,W; O,I,KH,KW; [out,in]) to ours and back with ops, so that its gradients
   come out in the reference's layout too. */
#include "test.h"

#include "sdelua/autograd.h"
#include "sdelua/io.h"
#include "sdelua/op.h"

#define DIMS(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

typedef sl_tensor *case_fn(sl_ctx *c, sl_tensor *const *in, double p, double q);

static sl_tensor *last(sl_ctx *c, sl_tensor *x) { return sl_permute(c, x, DIMS(0, 2, 3, 1)); }  /* NCHW to NHWC */
static sl_tensor *first(sl_ctx *c, sl_tensor *x) { return sl_permute(c, x, DIMS(0, 3, 1, 2)); } /* and back */

static sl_tensor *conv2d(sl_ctx *c, sl_tensor *const *in, double stride, double padding) {
  sl_tensor *w = sl_permute(c, in[1], DIMS(2, 3, 1, 0));
  return first(c, sl_conv2d(c, last(c, in[0]), w, in[2], (int)stride, (int)padding));
}
static sl_tensor *linear(sl_ctx *c, sl_tensor *const *in, double p, double q) {
  (void)p, (void)q;
  return sl_linear(c, in[0], sl_transpose(c, in[1], 0, 1), in[2]);
}
static sl_tensor *matmul(sl_ctx *c, sl_tensor *const *in, double p, double q) {
  (void)p, (void)q;
  return sl_matmul(c, in[0], in[1]);
}
static sl_tensor *group_norm(sl_ctx *c, sl_tensor *const *in, double groups, double eps) {
  return first(c, sl_group_norm(c, last(c, in[0]), in[1], in[2], (int)groups, eps));
}
static sl_tensor *layer_norm(sl_ctx *c, sl_tensor *const *in, double p, double eps) {
  (void)p;
  return sl_layer_norm(c, in[0], in[1], in[2], eps);
}
static sl_tensor *softmax(sl_ctx *c, sl_tensor *const *in, double dim, double q) {
  (void)q;
  return sl_softmax(c, in[0], (int)dim);
}
static sl_tensor *logsumexp(sl_ctx *c, sl_tensor *const *in, double dim, double q) {
  (void)q;
  return sl_logsumexp(c, in[0], (int)dim, false);
}
/* [b,heads,l,d] to [b,l,heads*d] */
static sl_tensor *joined(sl_ctx *c, sl_tensor *x) {
  const int64_t *s = sl_shape(x);
  return sl_reshape(c, sl_transpose(c, x, 1, 2), DIMS(s[0], s[2], s[1] * s[3]));
}
static sl_tensor *attention(sl_ctx *c, sl_tensor *const *in, double p, double q) {
  (void)p, (void)q;
  const int64_t *s = sl_shape(in[0]);
  sl_tensor *o = sl_attention(c, joined(c, in[0]), joined(c, in[1]), joined(c, in[2]), (int)s[1], 0);
  return sl_transpose(c, sl_reshape(c, o, DIMS(s[0], s[2], s[1], s[3])), 1, 2);
}
static sl_tensor *upsample(sl_ctx *c, sl_tensor *const *in, double factor, double q) {
  (void)q;
  return first(c, sl_upsample(c, last(c, in[0]), (int)factor));
}
static sl_tensor *avg_pool(sl_ctx *c, sl_tensor *const *in, double factor, double q) {
  (void)q;
  return first(c, sl_avg_pool(c, last(c, in[0]), (int)factor));
}
static sl_tensor *embedding(sl_ctx *c, sl_tensor *const *in, double p, double q) {
  (void)p, (void)q;
  return sl_embedding(c, in[0], in[3]);
}

/* in: the differentiable inputs by name, absent ones NULL, then the index if there is one */
static const struct reference { const char *name; case_fn *fn; const char *in[3]; double p, q; } references[] = {
  {"conv2d_1x1", conv2d, {"x", "w", "b"}, 1, 0},
  {"conv2d_3x3_same", conv2d, {"x", "w", "b"}, 1, 1},
  {"conv2d_3x3_wide", conv2d, {"x", "w", "b"}, 1, 1},
  {"conv2d_3x3_stride2_odd", conv2d, {"x", "w", "b"}, 2, 1},
  {"conv2d_3x3_stride2_nopad", conv2d, {"x", "w"}, 2, 0},
  {"conv2d_5x5", conv2d, {"x", "w", "b"}, 1, 2},
  {"conv2d_5x5_stride2", conv2d, {"x", "w", "b"}, 2, 2},
  {"linear_2d", linear, {"x", "w", "b"}, 0, 0},
  {"linear_3d", linear, {"x", "w", "b"}, 0, 0},
  {"matmul_2d", matmul, {"a", "b"}, 0, 0},
  {"matmul_batched", matmul, {"a", "b"}, 0, 0},
  {"matmul_broadcast", matmul, {"a", "b"}, 0, 0},
  {"group_norm_g2", group_norm, {"x", "w", "b"}, 2, 1e-6},
  {"group_norm_instance", group_norm, {"x", "w", "b"}, 4, 1e-5},
  {"group_norm_layerlike", group_norm, {"x", "w", "b"}, 1, 1e-6},
  {"layer_norm_last", layer_norm, {"x", "w", "b"}, 0, 1e-5},
  {"softmax_last", softmax, {"x"}, -1, 0},
  {"softmax_middle", softmax, {"x"}, 1, 0},
  {"logsumexp_last", logsumexp, {"x"}, -1, 0},
  {"logsumexp_middle", logsumexp, {"x"}, 1, 0},
  {"attention_one_head", attention, {"q", "k", "v"}, 0, 0},
  {"attention_heads", attention, {"q", "k", "v"}, 0, 0},
  {"attention_cross", attention, {"q", "k", "v"}, 0, 0},
  {"upsample_nearest_2", upsample, {"x"}, 2, 0},
  {"upsample_nearest_3", upsample, {"x"}, 3, 0},
  {"avg_pool2d_2", avg_pool, {"x"}, 2, 0},
  {"embedding_repeat", embedding, {"w"}, 0, 0},
};

/* |got - want| within `relative` of want's largest element */
static void compare(sl_ctx *c, const struct reference *r, const sl_bundle *file, const char *prefix, const char *input,
                    sl_tensor *got, double relative) {
  char name[64], message[160];
  snprintf(name, sizeof name, "%s%s", prefix, input);
  sl_tensor *want = sl_bundle_get(file, name);
  if (!CHECK_MSG(want && got, name)) return;
  want = sl_cast(c, want, SL_F64);
  sl_tensor *difference = sl_amax(c, sl_abs(c, sl_sub(c, sl_cast(c, got, SL_F64), want)), 0, NULL, false);
  sl_tensor *largest = sl_amax(c, sl_abs(c, want), 0, NULL, false);
  double error = difference ? sl_item(c, difference) / sl_item(c, largest) : INFINITY;
  snprintf(message, sizeof message, "%s: %s is off by %.2g of its largest, in %s", r->name, name, error,
           sl_dtype_name(sl_dtype_of(got)));
  CHECK_MSG(error <= relative, message);
}

/* sum((out + out^2/2) r) */
static sl_tensor *bent(sl_ctx *c, sl_tensor *out, sl_tensor *r) {
  sl_tensor *y = sl_add(c, out, sl_affine(c, sl_square(c, out), 0.5, 0));
  return sl_sum(c, sl_mul(c, y, r), 0, NULL, false);
}

static void run(sl_ctx *c, const struct reference *r, const sl_bundle *file, sl_dtype d, double relative) {
  sl_tensor *in[4] = {NULL}, *grad[3], *slope, *weight = sl_cast(c, sl_bundle_get(file, "r"), d);
  int n = 0;
  for (; n < 3 && r->in[n]; n++) {
    in[n] = sl_detach(c, sl_cast(c, sl_bundle_get(file, r->in[n]), d));
    if (!CHECK_MSG(sl_require_grad(c, in[n], true), r->name)) return;
  }
  in[3] = sl_bundle_get(file, "index");
  sl_tensor *out = r->fn(c, in, r->p, r->q);
  compare(c, r, file, "out", "", out, relative);
  bool ok = sl_grad(c, out, weight, n, in, grad, false, true);
  for (int i = 0; ok && i < n; i++) compare(c, r, file, "grad_", r->in[i], grad[i], relative);
  ok = ok && sl_grad(c, bent(c, out, weight), NULL, 1, in, &slope, true, true) &&
       sl_grad(c, slope, sl_cast(c, sl_bundle_get(file, "u"), d), n, in, grad, false, false);
  for (int i = 0; ok && i < n; i++) compare(c, r, file, "hvp_", r->in[i], grad[i], 2 * relative);
  CHECK_MSG(ok, r->name);
}

TEST(ops_agree_with_the_reference) {
  for (int i = 0; i < (int)(sizeof references / sizeof *references); i++) {
    char path[128];
    snprintf(path, sizeof path, "tests/fixtures/ops/%s.npz", references[i].name);
    size_t mark = sl_pool_open(c);
    sl_bundle *file = sl_npz_load(c, path);
    if (CHECK_MSG(file, path)) {
      run(c, &references[i], file, SL_F64, 1e-7);
      run(c, &references[i], file, SL_F32, 2e-6);
    }
    sl_bundle_free(file);
    sl_pool_close(c, mark);
  }
}
