/* The program: lua5.4's options, with sdelua inside. */
#include "main.h"

#include <limits.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HAS_I = 1, HAS_V = 2, HAS_E_CODE = 4, NO_ENV = 8, BAD_OPTION = 16, HELP = 32 };

static const char *const program = "sdelua", *const own_prefix = "sdelua: ";

/* ---- SIGINT: a handler knows nothing but these ---------------------------------- */

static lua_State *interruptible;
static interrupt *sigint_shared; /* NULL until sdelua is loaded */
static pthread_t main_thread;

static void stop(lua_State *L, lua_Debug *ar) {
  (void)ar;
  lua_sethook(L, NULL, 0, 0);
  lua_sethook(interruptible, NULL, 0, 0);
  luaL_error(L, "interrupted!");
}

static void set_signal(int number, void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}

/* Inside sl.progress the first one only asks; the next raises at Lua's next step; one more kills. A thread of a library
   (OpenBLAS has some) must not touch Lua. */
static void on_sigint(int number) {
  if (!pthread_equal(pthread_self(), main_thread)) {
    pthread_kill(main_thread, number);
    return;
  }
  if (sigint_shared && sigint_shared->loops > 0 && !sigint_shared->requested) {
    sigint_shared->requested = 1;
    return;
  }
  set_signal(number, SIG_DFL);
  lua_sethook(interruptible, stop, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* ---- running and reporting -------------------------------------------------------- */

/* The message, with what a misspelt name in it was meant for (sdelua/manual/hint.lua), once sdelua is loaded. */
static const char *with_hint(lua_State *L, const char *text) {
  if (!strstr(text, " a nil value (")) return text;
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  bool loaded = lua_getfield(L, -1, "sdelua") == LUA_TTABLE;
  lua_getglobal(L, "require");
  lua_pushliteral(L, "sdelua.manual.hint");
  if (!loaded || lua_pcall(L, 1, 1, 0) != LUA_OK) return text;
  lua_pushstring(L, text);
  return lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : text;
}

int message_handler(lua_State *L) {
  const char *text = lua_tostring(L, 1);
  if (!text) {
    if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING) return 1;
    text = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
  }
  text = with_hint(L, text);
  if (push_callback_traceback(L, 1)) lua_pushfstring(L, "%s\n%s", text, lua_tostring(L, -1));
  else luaL_traceback(L, L, text, 1);
  return 1;
}

int run_chunk(lua_State *L, int nargs, int nresults) {
  int base = lua_gettop(L) - nargs;
  lua_pushcfunction(L, message_handler);
  lua_insert(L, base);
  interruptible = L;
  set_signal(SIGINT, on_sigint);
  int status = lua_pcall(L, nargs, nresults, base);
  set_signal(SIGINT, SIG_DFL);
  if (sigint_shared && status != LUA_OK) sigint_shared->loops = 0;
  lua_remove(L, base);
  return status;
}

int report(lua_State *L, const char *prefix, int status) {
  if (status == LUA_OK) return status;
  const char *text = lua_tostring(L, -1);
  fflush(stdout);
  fprintf(stderr, "%s%s\n", prefix, text ? text : "(error object is not a string)");
  fflush(stderr);
  lua_pop(L, 1);
  return status;
}

static int run_loaded(lua_State *L, int status) {
  return report(L, own_prefix, status == LUA_OK ? run_chunk(L, 0, 0) : status);
}

static int run_file(lua_State *L, const char *name) { return run_loaded(L, luaL_loadfilex(L, name, "t")); }

static int run_string(lua_State *L, const char *text, const char *name) {
  return run_loaded(L, luaL_loadbufferx(L, text, strlen(text), name, "t"));
}

/* -l name or -l global=name */
static int run_library(lua_State *L, const char *text) {
  const char *equals = strchr(text, '='), *module = equals ? equals + 1 : text;
  const char *global = equals ? lua_pushlstring(L, text, (size_t)(equals - text)) : text;
  lua_getglobal(L, "require");
  lua_pushstring(L, module);
  int status = run_chunk(L, 1, 1);
  if (status == LUA_OK) lua_setglobal(L, global);
  return report(L, own_prefix, status);
}

/* ---- the command line ----------------------------------------------------------------- */

static bool takes_value(char option) { return option == 'e' || option == 'l'; }

/* What the options ask for; *script becomes the place of the script's name, or argc. */
static int read_options_given(int argc, char **argv, int *script) {
  static const char letters[] = "ivEWel";
  static const int bits[] = {HAS_I | HAS_V, HAS_V, NO_ENV, 0, HAS_E_CODE, 0};
  int found = 0;
  for (int i = 1; i < argc; i++) {
    const char *a = argv[i];
    *script = i;
    if (a[0] != '-' || !a[1]) return found;
    if (!strcmp(a, "-h") || !strcmp(a, "--help")) return HELP;
    if (a[1] == '-') {
      *script = i + 1;
      return a[2] ? (*script = i, BAD_OPTION) : found;
    }
    const char *letter = strchr(letters, a[1]);
    if (!letter || (a[2] && !takes_value(a[1]))) return BAD_OPTION;
    if (takes_value(a[1]) && !a[2] && (++i == argc || argv[i][0] == '-')) return BAD_OPTION;
    found |= bits[letter - letters];
  }
  *script = argc;
  return found;
}

static void print_usage(FILE *out) {
  fprintf(out,
          "usage: %s [options] [script [args]]\n"
          "Available options are:\n"
          "  -e stat   execute string 'stat'\n"
          "  -i        enter interactive mode after executing 'script'\n"
          "  -l mod    require library 'mod' into global 'mod'\n"
          "  -l g=mod  require library 'mod' into global 'g'\n"
          "  -v        show version information\n"
          "  -h        show this and more; so does --help\n"
          "  -E        ignore environment variables\n"
          "  -W        turn warnings on\n"
          "  --        stop handling options\n"
          "  -         stop handling options and execute stdin\n",
          program);
}

static int refuse_usage(const char *option) {
  if (option && takes_value(option[1])) fprintf(stderr, "%s: '%s' needs argument\n", program, option);
  else fprintf(stderr, "%s: unrecognized option '%s'\n", program, option ? option : "");
  print_usage(stderr);
  return 0;
}

static int print_help(lua_State *L) {
  puts("sdelua " SDELUA_VERSION ": score-based generative modelling through SDEs, in Lua 5.4\n");
  print_usage(stdout);
  puts("\n"
       "Without a script it is a prompt: sl is loaded, the Tab key completes, help(sl.solve), help \"conv2d\" and\n"
       "apropos \"langevin\" say what there is, Ctrl-D leaves.\n"
       "\n"
       "Scripts come with it, in scripts/ of the source; installed, they need no folder: sdelua train_vp.lua\n"
       "  train_vp.lua, train_ve.lua, train_subvp.lua, train_edm.lua, train_flow.lua, train_classifier.lua\n"
       "      train on images; then sample.lua CHECKPOINT draws, likelihood.lua measures, report.lua compares runs\n"
       "  restore.lua, inpaint.lua, superres.lua, colorize.lua\n"
       "      restore images with what was trained\n"
       "SCRIPT --help lists the options of one.\n"
       "\n"
       "New here? docs/guides/ten-minutes.md, in the source or in share/doc/sdelua where it is installed.");
  lua_pushboolean(L, fflush(stdout) == 0);
  return 1;
}

/* arg[0] is the script, what follows it counts from 1, what precedes it from -1 down. */
static void set_arg(lua_State *L, int argc, char **argv, int script) {
  if (script == argc) script = 0;
  lua_createtable(L, argc - script, script + 1);
  for (int i = 0; i < argc; i++) {
    lua_pushstring(L, argv[i]);
    lua_rawseti(L, -2, i - script);
  }
  lua_setglobal(L, "arg");
}

static bool run_options(lua_State *L, char **argv, int script) {
  for (int i = 1; i < script; i++) {
    char option = argv[i][1];
    if (option == 'W') lua_warning(L, "@on", 0);
    if (!takes_value(option)) continue;
    const char *value = argv[i][2] ? argv[i] + 2 : argv[++i];
    if ((option == 'e' ? run_string(L, value, "=(command line)") : run_library(L, value)) != LUA_OK) return false;
  }
  return true;
}

static int run_init(lua_State *L) {
  const char *name = "=LUA_INIT_5_4", *init = getenv(name + 1);
  if (!init) init = getenv((name = "=LUA_INIT") + 1);
  if (!init) return LUA_OK;
  return init[0] == '@' ? run_file(L, init + 1) : run_string(L, init, name);
}

static int push_args(lua_State *L) {
  if (lua_getglobal(L, "arg") != LUA_TTABLE) luaL_error(L, "'arg' is not a table");
  int n = (int)luaL_len(L, -1);
  luaL_checkstack(L, n + 3, "too many arguments to script");
  for (int i = 1; i <= n; i++) lua_rawgeti(L, -i, i);
  lua_remove(L, -n - 1);
  return n;
}

static int run_script(lua_State *L, char **argv, int script) {
  const char *name = argv[script];
  char installed[PATH_MAX];
  if (!strcmp(name, "-") && strcmp(argv[script - 1], "--")) name = NULL;
  else if (find_script(argv[0], name, installed)) name = installed;
  int status = luaL_loadfilex(L, name, "t");
  if (status == LUA_OK) status = run_chunk(L, push_args(L), LUA_MULTRET);
  return report(L, own_prefix, status);
}

/* ---- where our Lua files are ------------------------------------------------------------- */

/* The core, and with it what the signal handler needs to see. */
static int open_core(lua_State *L) {
  luaopen_sdelua_core(L);
  sigint_shared = state_interrupt(L);
  return 1;
}

static void set_paths(lua_State *L, const char *argv0) {
  char root[PATH_MAX];
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open_core);
  lua_setfield(L, -2, "sdelua.core");
  lua_pop(L, 1);
  if (find_lua_files(argv0, root)) {
    lua_getfield(L, -1, "path");
    lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", root, root, lua_tostring(L, -1));
    lua_setfield(L, -3, "path");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* ---- main ----------------------------------------------------------------------------------- */

static void print_version(void) {
  printf("sdelua " SDELUA_VERSION "  " LUA_COPYRIGHT "\n");
  fflush(stdout);
}

static void run_stdin(lua_State *L, int found, bool *ok) {
  if (!isatty(STDIN_FILENO)) {
    *ok = run_file(L, NULL) == LUA_OK;
    return;
  }
  if (!(found & HAS_V)) print_version();
  repl(L);
}

static int protected_main(lua_State *L) {
  int argc = (int)lua_tointeger(L, 1), script = argc;
  char **argv = lua_touserdata(L, 2);
  int found = read_options_given(argc, argv, &script);
  bool ok = true;
  if (found == HELP) return print_help(L);
  if (found == BAD_OPTION) return refuse_usage(script < argc ? argv[script] : NULL);
  if (found & HAS_V) print_version();
  if (found & NO_ENV) {
    lua_pushboolean(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
  }
  luaL_openlibs(L);
  set_paths(L, argv[0]);
  load_text_only(L);
  set_arg(L, argc, argv, script);
  if (!(found & NO_ENV) && run_init(L) != LUA_OK) return 0;
  if (!run_options(L, argv, script < argc ? script : argc)) return 0;
  if (script < argc && run_script(L, argv, script) != LUA_OK) return 0;
  if (found & HAS_I) repl(L);
  else if (script == argc && !(found & (HAS_E_CODE | HAS_V))) run_stdin(L, found, &ok);
  lua_pushboolean(L, ok);
  return 1;
}

int main(int argc, char **argv) {
  main_thread = pthread_self();
  lua_State *L = luaL_newstate();
  if (!L) {
    fprintf(stderr, "%s: cannot create state: not enough memory\n", program);
    return EXIT_FAILURE;
  }
  lua_pushcfunction(L, protected_main);
  lua_pushinteger(L, argc);
  lua_pushlightuserdata(L, argv);
  int status = lua_pcall(L, 2, 1, 0);
  bool ok = status == LUA_OK && lua_toboolean(L, -1);
  report(L, own_prefix, status);
  lua_close(L);
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
