/* An op is one row: name, arguments, what backward needs, forward, vjp,
   samples for its tests, a doc line. Binding, autograd, gradient checks,
   bad-argument tests and help all read the row; adding an op touches one file.

   The argument string lists tensors first, then parameters:
     x        a tensor                     b?   an optional tensor (NULL when absent)
     xs*      a list of tensors (last of the tensors; in[] holds them all)
     name:kind or name:kind=default, where kind is
       int num bool   in p[].i, p[].f, p[].i
       dim            a dimension; Lua counts from 1, or from -1 at the end; p[].i is 0-based
       pos            a position along a dimension; Lua counts from 1; p[].i is 0-based
       dims           a list of dimensions, default () meaning all; list[]
       ints           a list of sizes; list[]
       pair           two integers, for height and width; Lua takes one for both as well; p[].pair
       dtype          p[].i is an sl_dtype
   A list parameter's p[].i is its place in list[]. A parameter without a
   default must be given. An int64 tensor named "index" holds positions: 0-based
   in C, from 1 in Lua. A tensor named "cond" lends its type to no number.

   `keep` names what the node keeps for the vjp: input names, and "out" for the
   outputs. Of every other input the node keeps shape, type and graph edge
   only. Results of cheap ops are not kept but computed again (recompute.c). */
#ifndef SL_OP_OP_H
#define SL_OP_OP_H

#include "sdelua/autograd.h"
#include "sdelua/op.h"
#include "tensor/internal.h"

#define SL_MAX_IN 8     /* named tensors of an op; a list may be longer */
#define SL_MAX_PARAM 6
#define SL_MAX_OUT 2
#define SL_MAX_EXTRA 2

typedef struct sl_pair {
  int32_t h, w;
} sl_pair;

typedef union sl_param {
  int64_t i;
  double f;
  sl_pair pair;
} sl_param;

typedef struct sl_dims {
  int n;
  int64_t v[SL_MAX_DIMS];
} sl_dims;

typedef struct sl_op sl_op;

typedef struct sl_call {
  const sl_op *op;
  int n_in;
  sl_tensor **in;
  sl_param p[SL_MAX_PARAM];
  sl_dims list[2];
  sl_tensor *into;                /* in-place form: write here, out[0] = into */
  sl_tensor *out[SL_MAX_OUT];     /* forward: fills out[0 .. n_out-1]. vjp: use sl_saved_out */
  sl_tensor *extra[SL_MAX_EXTRA]; /* forward may leave values (no graph) for the vjp here */
  sl_function *fn;                /* the caller's own function that this calls (function.c); the node keeps it */
  const bool *need;               /* vjp: need[i] tells whether din[i] is asked for */
} sl_call;

/* All return true, or false with the context's error set. Results belong to
   the current pool. */
typedef bool sl_forward_fn(sl_ctx *c, sl_call *k);
typedef bool sl_vjp_fn(sl_ctx *c, const sl_call *k, sl_tensor *const *dout, sl_tensor **din);
/* Computes out[0] once more, recorded. */
typedef sl_tensor *sl_again_fn(sl_ctx *c, const sl_call *k);

enum { SL_INPLACE = 1 /* has a trailing-underscore form */, SL_OPERATOR = 2 /* tensors may be given as Lua numbers */,
       SL_INTERNAL = 4 /* no Lua name: a gradient of another op */,
       SL_POSITIONS = 8 /* the result is int64 positions: 0-based in C, from 1 in Lua */,
       SL_CHEAP = 16 /* cheaper to run again in backward than to keep the result; forward then finds its extras as it
                        left them, and must give the same bits */ };

struct sl_op {
  const char *name, *args, *keep;
  int flags;
  sl_forward_fn *forward;
  sl_vjp_fn *vjp;   /* NULL: not differentiable; outputs never require a gradient */
  sl_vjp_fn *fused; /* serves when no graph of the gradient is asked for; may be NULL */
  sl_again_fn *again; /* in place of a vjp: backward goes on through what this recorded */
  /* Samples for the tests, separated by ';', each a token per argument in
     order: shape 2x3x4, "." for no dimensions, "-" for absent, "*" for an
     elementwise tensor (the test brings shapes), [a b] for a list of tensors;
     1,2 or () for a list parameter, 1,2 for a pair, true or false, float64, a
     number for the others. A tensor may carry a range (lo:hi) or a type and range i64(0:4),
     u8(0:1), both ends included. "(lo:hi)" at the start sets the range of all
     ((-1:1) without); alone, it says that all tensors are elementwise. */
  const char *samples;
  const char *doc;
  /* Filled once by sl_ops_init from the row. */
  const struct sl_spec *spec;
  int id; /* index into the context's op_kernel */
};

/* ---- the parsed argument string ----------------------------------------- */

typedef enum sl_kind {
  SL_P_INT, SL_P_NUM, SL_P_BOOL, SL_P_DIM, SL_P_POS, SL_P_DIMS, SL_P_INTS, SL_P_PAIR, SL_P_DTYPE
} sl_kind;

typedef struct sl_spec {
  int n_in, n_param;
  bool variadic; /* the last tensor is a list */
  struct { char name[16]; bool optional, keep; } in[SL_MAX_IN];
  struct { char name[16]; sl_kind kind; bool has_default; sl_param value; } param[SL_MAX_PARAM];
  bool keep_out;
} sl_spec;

/* ---- the table ---------------------------------------------------------- */

/* Families, NULL-terminated; each ends with a row whose name is NULL. */
extern sl_op *const sl_op_families[];
/* Parses every row (once a process, thread safe) and binds the context's
   kernels. False if a row is malformed; the message names it. sl_apply calls it. */
bool sl_ops_init(sl_ctx *c);
const sl_op *sl_op_find(sl_ctx *c, const char *name);
/* The elementwise (sl_unary_kernel, sl_binary_kernel) or reduction kernel that
   has the row's name in this context's instruction set; NULL if none. */
static inline const void *sl_op_kernel(const sl_ctx *c, const sl_op *op) { return c->op_kernel[op->id]; }

/* ---- calling ------------------------------------------------------------ */

/* Runs a call whose op, n_in, in, p and list are set: checks for NULL and a
   pending error, forwards, records. Returns out[0], in the current pool. */
sl_tensor *sl_apply(sl_ctx *c, sl_call *k);

/* Short forms for ops without lists: tensors, then parameters. */
sl_tensor *sl_apply1(sl_ctx *c, const sl_op *op, sl_tensor *x);
sl_tensor *sl_apply2(sl_ctx *c, const sl_op *op, sl_tensor *x, sl_tensor *y);

/* In a vjp: output i as a tensor that is still part of the graph. */
sl_tensor *sl_saved_out(sl_ctx *c, const sl_call *k, int i);

/* ---- the graph ---------------------------------------------------------- */

typedef struct sl_node {
  int refs;
  uint64_t seq; /* later nodes have larger numbers: the order of the walk */
  sl_ctx *ctx;
  bool freed;   /* backward has walked it and let its tensors go */
  uint8_t depth; /* of a cheap node: how many nodes have to run again for its result */
  sl_call call; /* in[]: kept inputs, leaves, or ghosts; out[] is not used */
  int n_out;
  sl_tensor *meta[SL_MAX_OUT]; /* ghosts of the outputs, with storage when kept; no edge back here */
  uint32_t *in_version;        /* storage versions of the inputs at record time */
  uint32_t out_version[SL_MAX_OUT];
  struct sl_node *next_dying;
  /* of the walk under way */
  uint64_t walk;
  bool wanted; /* leads to something whose gradient is asked for */
  sl_tensor *dout[SL_MAX_OUT];
} sl_node;

/* Lets go of inputs, saved outputs and extras. */
void sl_node_clear(sl_node *n);

/* recompute.c: what backward can compute again it need not keep. */

/* True if t is the result of a cheap node whose inputs are at hand, and has not changed since. */
bool sl_recomputable(const sl_tensor *t);
/* Fails if something that the node keeps was changed in place since it was recorded. */
bool sl_node_unchanged(sl_ctx *c, const sl_node *n);
/* Before a vjp: kept inputs that are ghosts are made whole again. */
bool sl_node_restore(sl_ctx *c, sl_node *n);
/* Lets go of results that were computed again for the nodes after it. */
void sl_node_forget(sl_node *n);

/* ---- functions of the caller's (function.c) ------------------------------ */

/* What a function that will run again reads, its arguments aside. */
typedef struct sl_watch {
  uint64_t before; /* nodes from here on are of its own making */
  int64_t n, cap;
  sl_tensor **x; /* retained */
} sl_watch;

/* Adds to c->watch the inputs of k that want a gradient and were there before. */
bool sl_watch_inputs(sl_ctx *c, const sl_call *k);

/* ---- helpers for forwards ----------------------------------------------- */

/* Contiguous x (itself when it is); not recorded. */
sl_tensor *sl_packed(sl_ctx *c, sl_tensor *x);
/* A fresh output, or k->into after checking its shape and type. */
sl_tensor *sl_out(sl_ctx *c, sl_call *k, sl_dtype d, int ndim, const int64_t *shape);
/* Fails with "name: argument arg: expected ..., got ...". */
bool sl_bad(sl_ctx *c, const sl_call *k, int arg, sl_code code, const char *format, ...) SL_PRINTF(5, 6);
/* Input i is a float tensor with at least/exactly that many dimensions and, if
   like >= 0, the type of input `like`. */
bool sl_want(sl_ctx *c, const sl_call *k, int arg, int min_dims, int max_dims, int like);

/* Elementwise forwards over the kernel of the row's name. */
sl_forward_fn sl_unary_forward, sl_binary_forward;

#endif
