/* What every binding file shares: the only folder that includes lua.h.

   The rule of the house. A raise is a jump that frees nothing, so a binding
   raises only while it owns nothing that Lua does not anchor:

     static sl_tensor *run_rows(sl_ctx *c, void *args) { return sl_rows(c, args); }

     static int rows_call(lua_State *L) {
       sl_tensor *x = check_tensor(L, 1, "rows", "x");     may raise; owns nothing yet
       return return_tensor(L, run_rows, x);               owns what it makes; raises when it owns nothing more
     }

   What return_tensor and call_core run is composed of core calls, NULL in, NULL out, in a pool that closes after
   them, and calls nothing that may raise: no luaL_check*, no lua_push* of strings, tables or userdata, no lua_call.
   When memory is out it is run once more after a collection.

   A room is one file, src/bind/<room>.c, that exports sl_bind_<room>(L), which adds to the module table on the
   stack top (and leaves it there), and is named in the list ROOMS of core.c. Arguments are read with the name of the
   Lua function ("who") and of the argument ("name"); all errors read
   "who: argument name: expected ..., got ...". */
#ifndef SL_BIND_BIND_H
#define SL_BIND_BIND_H

#include "sdelua/autograd.h"
#include "sdelua/op.h"

#include <lauxlib.h>
#include <lua.h>
#include <signal.h>

/* ---- the call ----------------------------------------------------------- */

/* The context of this Lua state, one for all its coroutines. */
sl_ctx *context(lua_State *L);

/* Raises a text, "who: what was wrong", of the format that lua_pushfstring takes: where the library was called, and, if
   that function has a name of its own (errors.named), in its name. luaL_error would name a line of the library. */
int raise_text(lua_State *L, const char *format, ...);

/* Takes the pending error and raises it as raise_text does; a failed callback's error object is
   rethrown as it was. Does not return. */
int raise_error(lua_State *L);

/* Runs fn(context, args) in a pool of its own and raises what it reports. fn is called again, once, after a full
   collection, when memory is out: it must not have changed anything by then. It hands results out by retaining them
   into slots. */
typedef bool core_fn(sl_ctx *c, void *args);
void call_core(lua_State *L, core_fn *fn, void *args);
/* The same without the second call, for what changes something as it goes. */
void call_once(lua_State *L, core_fn *fn, void *args);
/* The same for a function that makes one tensor, which is pushed. Returns 1. */
typedef sl_tensor *tensor_fn(sl_ctx *c, void *args);
int return_tensor(lua_State *L, tensor_fn *fn, void *args);

/* ---- tensors ------------------------------------------------------------ */

/* Pushes a tensor handle holding NULL and returns where its tensor goes. The handle owns one reference. When live
   bytes have grown far past those of the last collection this collects first, so it may run finalizers. */
sl_tensor **new_tensor_slot(lua_State *L);
/* Pushes a new handle of t, which something anchored must own meanwhile; nil for NULL. */
void push_tensor(lua_State *L, sl_tensor *t);

/* The tensor at stack index i, borrowed from its handle: good until Lua code runs (a callback may close the handle:
   what outlives a callback is retained, or held with hold_tensor). Raise for anything else and for closed handles. */
sl_tensor *check_tensor(lua_State *L, int i, const char *who, const char *name);
sl_tensor *opt_tensor(lua_State *L, int i, const char *who, const char *name); /* NULL for nil or none */
bool is_tensor(lua_State *L, int i);
/* A list of tensors (a Lua table) as an array that a userdata, pushed here, holds. Returns their number. */
int check_tensors(lua_State *L, int i, const char *who, const char *name, sl_tensor ***out);
/* Adds a reference of t to the current pool, so that it outlives callbacks. NULL when memory is out. */
sl_tensor *hold_tensor(sl_ctx *c, sl_tensor *t);

/* ---- other handles ------------------------------------------------------ */

/* A kind of handle: a userdata with one pointer, which release frees (never with a NULL). Metamethods are not reachable
   as methods; __gc is also __close; a closed handle raises when used. */
typedef struct handle_type {
  const char *name; /* "sdelua.Adam": what errors and type names say */
  void (*release)(void *p);
  const luaL_Reg *methods;
  const luaL_Reg *meta; /* further metamethods (__call, __tostring, __index …) or NULL */
} handle_type;

/* Makes the metatable; in sl_bind_<room>. */
void handle_register(lua_State *L, const handle_type *type);
/* Pushes a handle holding NULL with room for Lua values (lua_setiuservalue 1..values). */
void **handle_new(lua_State *L, const handle_type *type, int values);
void *handle_check(lua_State *L, int i, const handle_type *type, const char *who, const char *name);
bool handle_is(lua_State *L, int i, const handle_type *type);

/* ---- arguments ---------------------------------------------------------- */

/* Raises "who: argument name: expected <expected>, got <what is at i>". `expected` is a constant: pushing a string
   first would make an absent argument present. */
int bad_argument(lua_State *L, int i, const char *who, const char *name, const char *expected);
/* Pushes and returns what is at i, in words: "nil", "the number 3", "a float32 tensor [2,3]". */
const char *describe(lua_State *L, int i);

double check_number(lua_State *L, int i, const char *who, const char *name);
int64_t check_integer(lua_State *L, int i, const char *who, const char *name, int64_t lo, int64_t hi);
bool check_boolean(lua_State *L, int i, const char *who, const char *name);
const char *check_string(lua_State *L, int i, const char *who, const char *name);
/* Place of the string at i in names[], which ends with NULL. */
int check_choice(lua_State *L, int i, const char *who, const char *name, const char *const *names);
sl_dtype check_dtype(lua_State *L, int i, const char *who, const char *name);
/* A function, or a value with __call. */
void check_callable(lua_State *L, int i, const char *who, const char *name);
/* A list of integers; returns their number. */
int check_integers(lua_State *L, int i, const char *who, const char *name, int64_t out[SL_MAX_DIMS]);
/* The same of sizes >= 0. */
int check_shape(lua_State *L, int i, const char *who, const char *name, int64_t shape[SL_MAX_DIMS]);
/* A dimension, 1..ndim or -ndim..-1, as 0..ndim-1. */
int check_dim(lua_State *L, int i, const char *who, const char *name, int ndim);

/* ---- options ------------------------------------------------------------ */

/* A last table of options. read_options accepts nil and none too, and raises for a key that is not in names (which ends
   with NULL): "who: unknown option lrr; expected lr, warmup". Positive integer keys are not looked at. */
typedef struct options {
  lua_State *L;
  int index; /* 0: no table was given */
  const char *who;
} options;
options read_options(lua_State *L, int i, const char *who, const char *const *names);

/* Each gives `otherwise` when the key is absent. */
double option_number(const options *o, const char *key, double otherwise);
int64_t option_integer(const options *o, const char *key, int64_t otherwise, int64_t lo, int64_t hi);
bool option_boolean(const options *o, const char *key, bool otherwise);
const char *option_string(const options *o, const char *key, const char *otherwise); /* held by the table */
int option_choice(const options *o, const char *key, const char *const *names, int otherwise);
sl_dtype option_dtype(const options *o, const char *key, sl_dtype otherwise);
sl_tensor *option_tensor(const options *o, const char *key); /* NULL when absent; held by the table */
/* Pushes the value (nil when absent); true when there is one. */
bool option_push(const options *o, const char *key);
/* Pushes a callable value, or nil; true when there is one. */
bool option_callable(const options *o, const char *key);

/* ---- calling back into Lua ---------------------------------------------- */

/* A Lua function that the core may call. Either it lies in the stack of the running binding (owner NULL, at: its
   absolute index), which serves for this very call only; or it is user value `at` of a handle (owner: the handle's
   address, as handle_new returned it, after handle_recallable), which serves for a function that an object keeps.
   Whoever uses such an object keeps its handle reachable: on the stack, or as a user value of its own. */
typedef struct callback {
  void *owner;
  int at;
} callback;
callback stack_callback(lua_State *L, int i);
callback value_callback(void **owner, int value);
/* Lets the handle at stack index i be found by its address. */
void handle_recallable(lua_State *L, int i);

/* Calls back with tensors; the tensor it returns, in the current pool. NULL with the context's error set on any
   failure; the error object then waits in the stack of the calling binding until raise_error rethrows it. `who` names
   the callback in errors: "drift: expected a tensor as result, got nil". NULL among x gives nil. */
sl_tensor *callback_tensor(sl_ctx *c, const callback *f, const char *who, int n, sl_tensor *const *x);
/* The general form: `body` runs protected, with the function at index 1 and `args` as a light userdata at 2. It may
   raise, so it retains what it hands out as its very last act. */
bool callback_run(sl_ctx *c, const callback *f, lua_CFunction body, void *args);
/* For Lua functions called straight from a binding that has something to restore (no_grad): lua_pcall that keeps the
   traceback of an error for the program to show. Returns lua_pcall's status. */
int traced_pcall(lua_State *L, int nargs, int nresults);
/* Pushes the traceback of the callback that raised the value at i, if that is what was raised last; else pushes nothing
   and returns false. */
bool push_callback_traceback(lua_State *L, int i);

/* ---- interrupts --------------------------------------------------------- */

/* Shared with the program's signal handler. Inside sl.progress (loops > 0) the first SIGINT only asks. */
typedef struct interrupt {
  volatile sig_atomic_t loops, requested;
} interrupt;
interrupt *state_interrupt(lua_State *L);

SL_API int luaopen_sdelua_core(lua_State *L);

#endif
