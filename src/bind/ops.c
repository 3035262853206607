/* Every op of the table as sl.<name>, x:<name> and, for some, x:<name>_: the
   arguments are read as the row says. */
#include "tensor.h"

#include "op/op.h"

#include <stdio.h>
#include <string.h>

/* What a tensor argument was given as. */
typedef struct operand {
  sl_tensor *t;  /* NULL: absent, or a number */
  bool number;
  double value;
  int64_t integer; /* value as an integer, when it is one */
} operand;

typedef struct op_args {
  state *s;
  const sl_op *op;
  const char *who;
  operand in[SL_MAX_IN];
  sl_tensor **list; /* of a row with a list of tensors; a userdata on the stack holds it */
  int n_list;
  uint32_t draw; /* a second try draws the same random numbers */
  sl_call call;
} op_args;

/* ---- reading: positional arguments, then a last table of options ----------------- */

typedef struct reader {
  lua_State *L;
  const sl_spec *spec;
  op_args *a;
  int next, top;  /* positional arguments not read yet: next .. top */
  int options;    /* index of the table, or 0 */
  int n_lists;
} reader;

static bool takes_list(const sl_spec *s) {
  for (int i = 0; i < s->n_param; i++)
    if (s->param[i].kind == SL_P_DIMS || s->param[i].kind == SL_P_INTS) return true;
  return s->variadic;
}

/* A last table is one of options when it has a string key, or is empty where no list is expected. */
static bool is_options(lua_State *L, int i, const sl_spec *s) {
  if (!lua_istable(L, i)) return false;
  bool empty = true;
  for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1)) {
    empty = false;
    if (lua_type(L, -2) == LUA_TSTRING) {
      lua_pop(L, 2);
      return true;
    }
  }
  return empty && !takes_list(s);
}

/* Pushes the value of the option `name` and takes it off the list of what is still unread. */
static bool push_named(reader *r, const char *name) {
  lua_State *L = r->L;
  if (r->options) {
    lua_pushstring(L, name);
    if (lua_rawget(L, r->options) != LUA_TNIL) return true;
    lua_pop(L, 1);
  }
  return false;
}

/* Index of the argument `name`: the next positional one, or the option, pushed; 0 when absent. */
static int locate(reader *r, const char *name) {
  bool named = push_named(r, name);
  if (r->next > r->top) return named ? lua_gettop(r->L) : 0;
  if (named && !lua_isnil(r->L, r->next))
    raise_text(r->L, "%s: argument %s: given twice, by place and by name", r->a->who, name);
  if (named) r->next++;
  return named ? lua_gettop(r->L) : r->next++;
}

static void read_number_operand(reader *r, int at, operand *o) {
  int exact;
  o->number = true;
  o->value = lua_tonumber(r->L, at);
  o->integer = lua_tointegerx(r->L, at, &exact);
}

static void read_tensor(reader *r, int i) {
  const char *name = r->spec->in[i].name;
  int at = locate(r, name);
  if (r->spec->in[i].optional && (!at || lua_isnil(r->L, at))) return;
  if (!at) at = lua_gettop(r->L) + 1;
  tensor_handle *h = handle_in(r->L, r->a->s, at);
  if (h && h->t) {
    r->a->in[i].t = h->t;
    return;
  }
  bool operator = r->a->op->flags & SL_OPERATOR && strcmp(name, "cond");
  if (operator && lua_type(r->L, at) == LUA_TNUMBER) read_number_operand(r, at, &r->a->in[i]);
  else if (operator && !h) bad_argument(r->L, at, r->a->who, name, "a tensor or a number");
  else check_tensor(r->L, at, r->a->who, name);
}

static void read_tensor_list(reader *r, int i) {
  const char *name = r->spec->in[i].name;
  int at = locate(r, name);
  if (!at) raise_text(r->L, "%s: argument %s: expected a list of tensors, got no value", r->a->who, name);
  r->a->n_list = check_tensors(r->L, at, r->a->who, name, &r->a->list);
}

/* 1, 2, … to 0, 1, …; -1, -2, … stay. */
static int64_t from_one(reader *r, const char *name, int64_t v) {
  if (v == 0)
    raise_text(r->L, "%s: argument %s: expected 1, 2, ... or, from the end, -1, -2, ..., got 0", r->a->who, name);
  return v > 0 ? v - 1 : v;
}

static int64_t read_integer(reader *r, int at, const char *name) {
  return check_integer(r->L, at, r->a->who, name, INT64_MIN, INT64_MAX);
}

/* Numbers in a row stand for a list when nothing after it could want a number. */
static bool swallows(const sl_spec *s, int i) {
  while (++i < s->n_param)
    if (s->param[i].kind != SL_P_BOOL && s->param[i].kind != SL_P_DTYPE) return false;
  return true;
}

static void read_numbers(reader *r, int i, int at, sl_dims *d) {
  const char *name = r->spec->param[i].name;
  d->v[d->n++] = read_integer(r, at, name);
  for (; swallows(r->spec, i) && r->next <= r->top && lua_type(r->L, r->next) == LUA_TNUMBER; r->next++) {
    if (d->n == SL_MAX_DIMS)
      raise_text(r->L, "%s: argument %s: expected at most %d numbers", r->a->who, name, SL_MAX_DIMS);
    d->v[d->n++] = read_integer(r, r->next, name);
  }
}

static void read_list(reader *r, int i, int at) {
  const char *name = r->spec->param[i].name;
  sl_dims *d = &r->a->call.list[r->a->call.p[i].i];
  if (lua_type(r->L, at) == LUA_TNUMBER) read_numbers(r, i, at, d);
  else d->n = check_integers(r->L, at, r->a->who, name, d->v);
  for (int j = 0; r->spec->param[i].kind == SL_P_DIMS && j < d->n; j++) d->v[j] = from_one(r, name, d->v[j]);
}

/* {height, width}, or one number for both. */
static sl_pair read_pair(reader *r, const char *name, int at) {
  int64_t v[SL_MAX_DIMS];
  bool one = lua_type(r->L, at) == LUA_TNUMBER;
  if (!one && !lua_istable(r->L, at)) bad_argument(r->L, at, r->a->who, name, "an integer or two");
  int n = one ? 2 : check_integers(r->L, at, r->a->who, name, v);
  if (one) v[0] = v[1] = read_integer(r, at, name);
  if (n != 2) raise_text(r->L, "%s: argument %s: expected an integer or two, got %d", r->a->who, name, n);
  for (int j = 0; j < 2; j++)
    if (v[j] < INT32_MIN || v[j] > INT32_MAX)
      raise_text(r->L, "%s: argument %s: expected integers of less than 2^31, got %I", r->a->who, name,
                 (LUAI_UACINT)v[j]);
  return (sl_pair){(int32_t)v[0], (int32_t)v[1]};
}

static void read_value(reader *r, int i, int at) {
  const char *name = r->spec->param[i].name, *who = r->a->who;
  sl_param *p = &r->a->call.p[i];
  switch (r->spec->param[i].kind) {
  case SL_P_INT: p->i = read_integer(r, at, name); break;
  case SL_P_NUM: p->f = check_number(r->L, at, who, name); break;
  case SL_P_BOOL: p->i = check_boolean(r->L, at, who, name); break;
  case SL_P_DIM:
  case SL_P_POS: p->i = from_one(r, name, read_integer(r, at, name)); break;
  case SL_P_PAIR: p->pair = read_pair(r, name, at); break;
  case SL_P_DTYPE: p->i = check_dtype(r->L, at, who, name); break;
  default: read_list(r, i, at);
  }
}

static void read_param(reader *r, int i) {
  int at = locate(r, r->spec->param[i].name);
  bool list = r->spec->param[i].kind == SL_P_DIMS || r->spec->param[i].kind == SL_P_INTS;
  r->a->call.p[i] = list ? (sl_param){.i = r->n_lists++} : r->spec->param[i].value;
  if (r->spec->param[i].has_default && (!at || lua_isnil(r->L, at))) return;
  read_value(r, i, at ? at : lua_gettop(r->L) + 1);
}

/* Raises for an option that is no argument of the row. */
static void check_option_names(reader *r) {
  const char *names[SL_MAX_IN + SL_MAX_PARAM + 1];
  int n = 0;
  for (int i = 0; i < r->spec->n_in; i++) names[n++] = r->spec->in[i].name;
  for (int i = 0; i < r->spec->n_param; i++) names[n++] = r->spec->param[i].name;
  names[n] = NULL;
  read_options(r->L, r->options, r->a->who, names);
}

static void read_args(lua_State *L, op_args *a) {
  reader r = {.L = L, .spec = a->op->spec, .a = a, .next = 1, .top = lua_gettop(L)};
  int given = r.top;
  luaL_checkstack(L, SL_MAX_IN + SL_MAX_PARAM + LUA_MINSTACK, "too many arguments");
  if (r.top && is_options(L, r.top, r.spec)) r.options = r.top--;
  if (r.options) check_option_names(&r);
  for (int i = 0; i < r.spec->n_in; i++) {
    if (r.spec->variadic && i == r.spec->n_in - 1) read_tensor_list(&r, i);
    else read_tensor(&r, i);
  }
  for (int i = 0; i < r.spec->n_param; i++) read_param(&r, i);
  a->draw = sl_train_draw(a->s->ctx);
  if (r.next <= r.top) raise_text(L, "%s: expected at most %d arguments, got %d", a->who, r.next - 1, given);
}

/* ---- running ----------------------------------------------------------------------- */

/* The type that numbers take: that of another operand. */
static sl_dtype number_type(const op_args *a) {
  for (int i = a->op->spec->n_in - 1; i >= 0; i--)
    if (a->in[i].t && strcmp(a->op->spec->in[i].name, "cond")) return sl_dtype_of(a->in[i].t);
  return SL_F32;
}

static sl_tensor *number_tensor(sl_ctx *c, const op_args *a, int i) {
  const operand *o = &a->in[i];
  sl_dtype d = number_type(a);
  int64_t hi = d == SL_U8 ? UINT8_MAX : INT64_MAX, lo = d == SL_U8 ? 0 : INT64_MIN;
  if (sl_dtype_is_float(d)) return sl_scalar(c, d, o->value);
  if (o->value != (double)o->integer || o->integer < lo || o->integer > hi)
    return sl_fail(c, SL_EDTYPE, "%s: argument %s: expected a number that a tensor of %s holds, got %.14g; use :to",
                   a->who, a->op->spec->in[i].name, sl_dtype_name(d), o->value);
  if (d == SL_I64) return sl_from(c, d, 0, NULL, &o->integer);
  return sl_scalar(c, d, o->value);
}

static sl_tensor *operand_tensor(sl_ctx *c, const op_args *a, int i) {
  const operand *o = &a->in[i];
  if (o->number) return number_tensor(c, a, i);
  if (!o->t || sl_dtype_of(o->t) != SL_I64 || strcmp(a->op->spec->in[i].name, "index")) return o->t;
  return sl_affine(c, o->t, 1, -1);
}

/* When memory is out the core names what asked for it; this names the op and its tensors. */
static sl_tensor *failed(sl_ctx *c, const op_args *a, const sl_call *k) {
  sl_error e;
  char shapes[200] = "", shape[128];
  if (!sl_error_take(c, &e)) return NULL;
  for (int i = 0; e.code == SL_EMEMORY && i < k->n_in; i++) {
    size_t n = strlen(shapes);
    if (k->in[i]) snprintf(shapes + n, sizeof shapes - n, "%s%s", n ? ", " : "", sl_shape_str(k->in[i], shape));
  }
  if (e.code != SL_EMEMORY) return sl_fail(c, e.code, "%s", e.message);
  return sl_fail(c, e.code, "%s of %s: %s", a->who, shapes, e.message);
}

static sl_tensor *run(sl_ctx *c, void *args) {
  op_args *a = args;
  sl_tensor *in[SL_MAX_IN];
  sl_call k = a->call;
  const sl_spec *s = a->op->spec;
  sl_train_draw_set(c, a->draw);
  k.op = a->op;
  k.n_in = s->variadic ? a->n_list : s->n_in;
  k.in = s->variadic ? a->list : in;
  for (int i = 0; !s->variadic && i < s->n_in; i++) in[i] = operand_tensor(c, a, i);
  sl_tensor *y = sl_apply(c, &k);
  if (y && a->op->flags & SL_POSITIONS) y = sl_affine(c, y, 1, 1);
  return y ? y : failed(c, a, &k);
}

/* The state is there as it was: reading calls nothing of Lua's but, for an error, what raises it. */
static op_args begin(lua_State *L) {
  op_args a = {.s = state_of(L, 3), .op = lua_touserdata(L, lua_upvalueindex(1)),
               .who = lua_tostring(L, lua_upvalueindex(2))};
  return a;
}

static int op_call(lua_State *L) {
  op_args a = begin(L);
  read_args(L, &a);
  return return_tensor_in(L, a.s, run, &a);
}

static bool run_into(sl_ctx *c, void *args) { return run(c, args) != NULL; }

/* In place: once only, as the first call may have begun to write. */
static int op_call_into(lua_State *L) {
  op_args a = begin(L);
  read_args(L, &a);
  a.call.into = check_tensor(L, 1, a.who, a.op->spec->in[0].name);
  call_once(L, run_into, &a);
  lua_settop(L, 1);
  return 1;
}

/* Lua hands __unm its operand twice. */
static int op_call_one(lua_State *L) {
  lua_settop(L, 1);
  return op_call(L);
}

/* ---- registering ---------------------------------------------------------------------- */

static void push_closure(lua_State *L, const sl_op *op, const char *name, lua_CFunction fn) {
  lua_pushlightuserdata(L, (void *)op);
  lua_pushstring(L, name);
  state_push(L);
  lua_pushcclosure(L, fn, 3);
}

/* The module table lies at 1 of these three, then methods and docs. */
static void add_op(lua_State *L, int module, const sl_op *op) {
  char into[32];
  push_closure(L, op, op->name, op_call);
  lua_pushvalue(L, -1);
  lua_setfield(L, module, op->name);
  if (op->spec->variadic && op->spec->n_in == 1) lua_pop(L, 1);
  else lua_setfield(L, module + 1, op->name);
  lua_pushfstring(L, "%s(%s): %s", op->name, op->args, op->doc ? op->doc : "");
  lua_setfield(L, module + 2, op->name);
  if (!(op->flags & SL_INPLACE)) return;
  snprintf(into, sizeof into, "%s_", op->name);
  push_closure(L, op, into, op_call_into);
  lua_setfield(L, module + 1, into);
}

static const struct { const char *event, *op; lua_CFunction fn; } operators[] = {
  {"__add", "add", op_call}, {"__sub", "sub", op_call}, {"__mul", "mul", op_call},
  {"__div", "div", op_call}, {"__pow", "pow", op_call}, {"__unm", "neg", op_call_one},
};

static void add_operators(lua_State *L) {
  push_tensor_meta(L);
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
    const sl_op *op = sl_op_find(context(L), operators[i].op);
    push_closure(L, op, operators[i].op, operators[i].fn);
    lua_setfield(L, -2, operators[i].event);
  }
  lua_pop(L, 1);
}

void sl_bind_ops(lua_State *L) {
  int module = lua_gettop(L);
  if (!sl_ops_init(context(L))) raise_error(L);
  push_tensor_methods(L);
  lua_newtable(L);
  for (int f = 0; sl_op_families[f]; f++)
    for (const sl_op *op = sl_op_families[f]; op->name; op++)
      if (!(op->flags & SL_INTERNAL)) add_op(L, module, op);
  lua_setfield(L, module, "op_docs");
  lua_settop(L, module);
  add_operators(L);
}
