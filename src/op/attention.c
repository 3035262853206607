/* Scaled dot-product attention over heads (Vaswani et al. 2017, eq. 1). */
#include "kernel/kernel.h"
#include "op/op.h"

#include <math.h>

enum { Q, K, V };
enum { HEADS, SCALE };

extern sl_op sl_attention_ops[];

static double scale_of(const sl_call *k) {
  double scale = k->p[SCALE].f;
  return scale ? scale : 1 / sqrt((double)(k->in[Q]->shape[2] / k->p[HEADS].i));
}

static bool attention_check(sl_ctx *c, const sl_call *k) {
  for (int i = Q; i <= V; i++)
    if (!sl_want(c, k, i, 3, 3, i == Q ? -1 : Q)) return false;
  const int64_t *q = k->in[Q]->shape, *key = k->in[K]->shape, *v = k->in[V]->shape;
  int64_t heads = k->p[HEADS].i;
  char got[128];
  if (heads < 1 || q[2] == 0 || q[2] % heads || v[2] % heads)
    return sl_bad(c, k, 3 + HEADS, SL_EARG, "expected a divisor of the features of q (%lld) and v (%lld), got %lld",
                  (long long)q[2], (long long)v[2], (long long)heads);
  if (key[0] != q[0] || key[2] != q[2] || key[1] == 0)
    return sl_bad(c, k, K, SL_ESHAPE, "expected [%lld,m,%lld] with m at least 1 to match q, got %s", (long long)q[0],
                  (long long)q[2], sl_shape_str(k->in[K], got));
  if (v[0] != q[0] || v[1] != key[1])
    return sl_bad(c, k, V, SL_ESHAPE, "expected [%lld,%lld,features] to match k, got %s", (long long)q[0],
                  (long long)key[1], sl_shape_str(k->in[V], got));
  return true;
}

/* The kernel walks rows one stride apart through the whole batch: x itself
   when it lies so (a slice of a joint q, k, v does), else a packed copy. */
static sl_tensor *even_rows(sl_ctx *c, sl_tensor *x) {
  bool even = x->stride[2] == 1 && (x->shape[0] == 1 || x->stride[0] == x->shape[1] * x->stride[1]);
  return even ? x : sl_packed(c, x);
}

static sl_attn attn_of(const sl_call *k, sl_tensor *const *t) {
  const int64_t *q = t[Q]->shape, *v = t[V]->shape, heads = k->p[HEADS].i;
  return (sl_attn){.b = q[0], .heads = heads, .l = q[1], .m = v[1], .d = q[2] / heads, .dv = v[2] / heads,
                   .q_row = t[Q]->stride[1], .k_row = t[K]->stride[1], .v_row = t[V]->stride[1], .scale = scale_of(k)};
}

static bool attention_forward(sl_ctx *c, sl_call *k) {
  if (!attention_check(c, k)) return false;
  sl_tensor *t[3];
  for (int i = Q; i <= V; i++)
    if (!(t[i] = even_rows(c, k->in[i]))) return false;
  sl_tensor *o = sl_out(c, k, t[Q]->dtype, 3, (int64_t[]){t[Q]->shape[0], t[Q]->shape[1], t[V]->shape[2]});
  if (!o) return false;
  sl_attn s = attn_of(k, t);
  return sl_numel(o) == 0 ||
         c->k->real[o->dtype].attention(c, &s, sl_data(t[Q]), sl_data(t[K]), sl_data(t[V]), sl_data(o));
}

/* [b,l,heads*d] -> [b,heads,l,d] and back */
static sl_tensor *split(sl_ctx *c, sl_tensor *x, int64_t heads) {
  if (!x) return NULL;
  const int64_t *s = x->shape;
  return sl_transpose(c, sl_reshape(c, x, 4, (int64_t[]){s[0], s[1], heads, s[2] / heads}), 1, 2);
}

static sl_tensor *join(sl_ctx *c, sl_tensor *x, const sl_tensor *like) {
  return sl_reshape(c, sl_transpose(c, x, 1, 2), 3, like->shape);
}

/* With p = softmax(a q k^T) and o = p v: dv = p^T do, dp = do v^T,
   ds = p (dp - sum(p dp)), dq = a ds k, dk = a ds^T q. */
static bool attention_vjp(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  int64_t heads = k->p[HEADS].i;
  double a = scale_of(k);
  sl_tensor *q = split(c, k->in[Q], heads), *key = split(c, k->in[K], heads), *v = split(c, k->in[V], heads);
  sl_tensor *d = split(c, dout[0], heads);
  sl_tensor *p = sl_softmax(c, sl_affine(c, sl_matmul(c, q, sl_transpose(c, key, 2, 3)), a, 0), 3);
  if (k->need[V]) din[V] = join(c, sl_matmul(c, sl_transpose(c, p, 2, 3), d), k->in[V]);
  if (!k->need[Q] && !k->need[K]) return !sl_failed(c);
  sl_tensor *dp = sl_matmul(c, d, sl_transpose(c, v, 2, 3));
  sl_tensor *mean = sl_sum(c, sl_mul(c, p, dp), 1, (int64_t[]){3}, true);
  sl_tensor *ds = sl_affine(c, sl_mul(c, p, sl_sub(c, dp, mean)), a, 0);
  if (k->need[Q]) din[Q] = join(c, sl_matmul(c, ds, key), k->in[Q]);
  if (k->need[K]) din[K] = join(c, sl_matmul(c, sl_transpose(c, ds, 2, 3), q), k->in[K]);
  return !sl_failed(c);
}

static bool attention_fused(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din) {
  sl_tensor *t[3], *d = sl_packed(c, dout[0]);
  void *grad[3] = {NULL};
  for (int i = Q; i <= V; i++) {
    if (!(t[i] = even_rows(c, k->in[i]))) return false;
    if (!k->need[i]) continue;
    if (!(din[i] = sl_full(c, t[i]->dtype, 3, t[i]->shape, 0))) return false;
    grad[i] = sl_data(din[i]);
  }
  if (!d) return false;
  sl_attn s = attn_of(k, t);
  return sl_numel(d) == 0 || c->k->real[d->dtype].attention_grad(c, &s, sl_data(t[Q]), sl_data(t[K]), sl_data(t[V]),
                                                                 sl_data(d), grad[Q], grad[K], grad[V]);
}

sl_op sl_attention_ops[] = {
  {.name = "attention", .args = "q k v heads:int=1 scale:num=0", .keep = "q k v", .forward = attention_forward,
   .vjp = attention_vjp, .fused = attention_fused,
   .samples = "2x3x4 2x5x4 2x5x6 2 0; 1x3x2 1x3x2 1x3x2 1 0.7; 2x1x6 2x4x6 2x4x3 3 0; 0x3x4 0x2x4 0x2x4 2 0; "
              "1x0x2 1x3x2 1x3x2 1 0",
   .doc = "softmax(scale q k^T) v per head: q [b,l,heads*d], k [b,m,heads*d], v [b,m,heads*dv]; scale 0 means "
          "1/sqrt(d)."},
  {0}};

sl_tensor *sl_attention(sl_ctx *c, sl_tensor *q, sl_tensor *k, sl_tensor *v, int heads, double scale) {
  sl_tensor *in[] = {q, k, v};
  return sl_apply(c, &(sl_call){.op = sl_attention_ops, .n_in = 3, .in = in, .p = {{.i = heads}, {.f = scale}}});
}
