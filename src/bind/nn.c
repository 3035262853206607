/* sl.nn: one constructor per kind of layer, read from its row. What modules in Lua
   and layers in C share (parameters, state_dict, ...) is written once, in
   lua/sdelua/nn/module.lua, and put into nn.methods. */
#include "row.h"
#include "sdelua/nn.h"

#include <string.h>

static int layer_call(lua_State *L), layer_index(lua_State *L), layer_tostring(lua_State *L);
static int layer_train(lua_State *L), layer_tensors(lua_State *L);

static void release_layer(void *p) { sl_layer_release(p); }

static const luaL_Reg methods[] = {{"_train", layer_train}, {"_tensors", layer_tensors}, {NULL, NULL}};
static const luaL_Reg meta[] = {{"__call", layer_call}, {"__tostring", layer_tostring}, {NULL, NULL}};
static const handle_type layer_type = {"sdelua.Layer", release_layer, methods, meta};

static sl_layer *check_layer(lua_State *L, int i, const char *who) {
  return handle_check(L, i, &layer_type, who, "self");
}

/* ---- making ----------------------------------------------------------------------- */

typedef struct making {
  const char *kind;
  int n;
  double given[SL_MAX_OPTIONS];
  void **slot;
} making;

static bool make(sl_ctx *c, void *args) {
  making *m = args;
  return (*m->slot = sl_layer_new(c, m->kind, m->n, m->given)) != NULL;
}

static int layer_new(lua_State *L) {
  sl_layer_info info;
  sl_layer_info_at((int)lua_tointeger(L, lua_upvalueindex(1)), &info);
  sl_options spec = parse_options(L, info.name, info.options);
  making m = {.kind = info.name, .n = spec.n};
  read_row(L, 1, info.name, &spec, m.given);
  m.slot = handle_new(L, &layer_type, 0);
  call_core(L, make, &m);
  return 1;
}

/* ---- running ------------------------------------------------------------------------- */

typedef struct running {
  sl_layer *layer;
  int n;
  sl_tensor *in[SL_LAYER_INPUTS];
  uint32_t draw; /* a second try draws the same mask */
} running;

static sl_tensor *run(sl_ctx *c, void *args) {
  running *r = args;
  sl_train_draw_set(c, r->draw);
  return sl_layer_forward(c, r->layer, r->n, r->in);
}

static int layer_call(lua_State *L) {
  running r = {.layer = check_layer(L, 1, "layer"), .draw = sl_train_draw(context(L))};
  const sl_layer_info *info = sl_layer_info_of(r.layer);
  const char *name = info->inputs;
  int given = lua_gettop(L) - 1;
  for (; r.n < given && *name; r.n++) { /* names such as "x emb?" */
    int len = (int)strcspn(name, " ?");
    lua_pushlstring(L, name, (size_t)len);
    r.in[r.n] = opt_tensor(L, r.n + 2, info->name, lua_tostring(L, -1));
    name += len + (name[len] == '?');
    name += strspn(name, " ");
  }
  if (r.n < given)
    return raise_text(L, "%s: expected at most %d tensors (%s), got %d arguments", info->name, r.n, info->inputs, given);
  while (r.n && !r.in[r.n - 1]) r.n--;
  return return_tensor(L, run, &r);
}

/* ---- parameters ------------------------------------------------------------------------ */

/* names, tensors, trained: three lists in the layer's order */
static int layer_tensors(lua_State *L) {
  char name[64];
  sl_tensor *t;
  sl_layer *l = check_layer(L, 1, "_tensors");
  lua_settop(L, 1);
  for (int i = 0; i < 3; i++) lua_newtable(L);
  for (int i = 0; (t = sl_layer_tensor(l, i, name)); i++) {
    lua_pushstring(L, name);
    lua_rawseti(L, 2, i + 1);
    push_tensor(L, t);
    lua_rawseti(L, 3, i + 1);
    lua_pushboolean(L, sl_requires_grad(t));
    lua_rawseti(L, 4, i + 1);
  }
  return 3;
}

static int layer_train(lua_State *L) {
  sl_layer_train(check_layer(L, 1, "train"), lua_toboolean(L, 2));
  return 0;
}

typedef struct converting {
  int n;
  sl_layer **layers;
  sl_dtype dtype;
} converting;

static bool convert(sl_ctx *c, void *args) {
  converting *v = args;
  return sl_layers_to(c, v->n, v->layers, v->dtype);
}

/* convert(layers, dtype): all of them, or none */
static int nn_convert(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  converting v = {.n = (int)lua_rawlen(L, 1), .dtype = check_dtype(L, 2, "to", "dtype")};
  v.layers = lua_newuserdatauv(L, (size_t)(v.n + 1) * sizeof *v.layers, 0);
  for (int i = 0; i < v.n; i++) {
    lua_rawgeti(L, 1, i + 1);
    v.layers[i] = check_layer(L, -1, "to");
    lua_pop(L, 1);
  }
  call_core(L, convert, &v);
  return 0;
}

static sl_options options_of(lua_State *L, const sl_layer *l) {
  const sl_layer_info *info = sl_layer_info_of(l);
  return parse_options(L, info->name, info->options);
}

/* layer.name: a method, else a tensor of that name, else an option. */
static int layer_index(lua_State *L) {
  char name[64];
  sl_tensor *t;
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL || lua_type(L, 2) != LUA_TSTRING) return 1;
  sl_layer *l = check_layer(L, 1, "layer");
  const char *key = lua_tostring(L, 2);
  for (int i = 0; (t = sl_layer_tensor(l, i, name)); i++)
    if (!strcmp(name, key)) {
      push_tensor(L, t);
      return 1;
    }
  sl_options spec = options_of(L, l);
  int at = sl_option_find(&spec, key);
  if (at >= 0) push_option(L, &spec.o[at], sl_layer_option(l, key));
  return 1;
}

/* Linear(in_features=2, out_features=128): what is not the default */
static int layer_tostring(lua_State *L) {
  luaL_Buffer b;
  const sl_layer *l = check_layer(L, 1, "tostring");
  sl_options spec = options_of(L, l);
  luaL_buffinit(L, &b);
  luaL_addstring(&b, sl_layer_kind_name(l));
  luaL_addchar(&b, '(');
  bool first = true;
  for (int i = 0; i < spec.n; i++) {
    double v = sl_layer_option(l, spec.o[i].name);
    if (v == spec.o[i].value) continue;
    lua_pushfstring(L, "%s%s=", first ? "" : ", ", spec.o[i].name);
    luaL_addvalue(&b);
    push_option(L, &spec.o[i], v);
    luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
    luaL_addvalue(&b);
    first = false;
  }
  luaL_addchar(&b, ')');
  luaL_pushresult(&b);
  return 1;
}

/* ---- loading ------------------------------------------------------------------------------ */

typedef struct copying {
  const char *who;
  int n;
  sl_tensor **dst, **src;
} copying;

static bool copy_all(sl_ctx *c, void *args) {
  copying *p = args;
  return sl_copy_all(c, p->who, p->n, p->dst, p->src);
}

/* copy_all(who, dst, src): the values of src into the tensors dst, all or none */
static int nn_copy_all(lua_State *L) {
  copying p = {.who = check_string(L, 1, "copy_all", "who")};
  p.n = check_tensors(L, 2, p.who, "dst", &p.dst);
  if (check_tensors(L, 3, p.who, "src", &p.src) != p.n)
    return raise_text(L, "%s: expected two lists of the same length", p.who);
  call_core(L, copy_all, &p);
  return 0;
}

/* ---- the room -------------------------------------------------------------------------------- */

/* nn.kinds[i] = { name =, options =, inputs =, samples =, doc = } and nn.<name> */
static void add_kind(lua_State *L, int i, const sl_layer_info *info) {
  const char *fields[] = {"name", info->name, "options", info->options, "inputs", info->inputs,
                          "samples", info->samples, "doc", info->doc};
  lua_createtable(L, 0, 5);
  for (int j = 0; j < 10; j += 2) {
    lua_pushstring(L, fields[j + 1]);
    lua_setfield(L, -2, fields[j]);
  }
  lua_rawseti(L, -2, i + 1);
  lua_pushinteger(L, i);
  lua_pushcclosure(L, layer_new, 1);
  lua_setfield(L, -3, info->name);
}

/* layer_index with the table of methods, which goes to nn.methods too. */
static void open_methods(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &layer_type);
  lua_getfield(L, -1, "__index");
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__names");
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, layer_index, 1);
  lua_setfield(L, -3, "__index");
  lua_setfield(L, -3, "methods");
  lua_pop(L, 1);
}

static const luaL_Reg functions[] = {{"copy_all", nn_copy_all}, {"convert", nn_convert}, {NULL, NULL}};

void sl_bind_nn(lua_State *L) {
  sl_layer_info info;
  handle_register(L, &layer_type);
  lua_newtable(L);
  lua_newtable(L);
  for (int i = 0; sl_layer_info_at(i, &info); i++) add_kind(L, i, &info);
  lua_setfield(L, -2, "kinds");
  open_methods(L);
  luaL_setfuncs(L, functions, 0);
  lua_setfield(L, -2, "nn");
}
