/* The interactive loop. With a terminal libedit reads the lines, with history and
   completion; without one they are read as they come. */
#include "main.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HISTORY_SIZE = 2000 };

typedef struct session {
  lua_State *L;
  EditLine *edit; /* NULL: no terminal */
  History *history;
  char history_file[PATH_MAX]; /* empty: none is kept */
  const char *prompt;
  const char *before; /* the lines so far of what is not complete yet */
} session;

/* ---- history -------------------------------------------------------------------- */

/* Makes the folders of the path, for the user alone. */
static void make_folders(const char *path) {
  char part[PATH_MAX];
  for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
    mkdir(part, 0700);
  }
}

static void open_history(session *s) {
  HistEvent event;
  const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
  int n = 0;
  if (state && state[0] == '/') n = snprintf(s->history_file, PATH_MAX, "%s/sdelua/history", state);
  else if (home && home[0] == '/') n = snprintf(s->history_file, PATH_MAX, "%s/.local/state/sdelua/history", home);
  if (n <= 0 || n >= PATH_MAX) s->history_file[0] = 0;
  if (!(s->history = history_init())) return;
  history(s->history, &event, H_SETSIZE, HISTORY_SIZE);
  history(s->history, &event, H_SETUNIQUE, 1);
  if (s->history_file[0]) history(s->history, &event, H_LOAD, s->history_file);
  el_set(s->edit, EL_HIST, history, s->history);
}

/* After every line, so that no way of leaving loses one. */
static void remember_line(session *s, const char *line) {
  HistEvent event;
  if (!s->history || !line[strspn(line, " \t\n")]) return;
  history(s->history, &event, H_ENTER, line);
  if (!s->history_file[0]) return;
  mode_t mask = umask(077);
  make_folders(s->history_file);
  history(s->history, &event, H_SAVE, s->history_file);
  umask(mask);
}

/* ---- completion ------------------------------------------------------------------- */

static unsigned char on_tab(EditLine *edit, int key) {
  session *s;
  (void)key;
  el_get(edit, EL_CLIENTDATA, &s);
  return complete(s->L, edit, s->before);
}

/* ---- reading lines -------------------------------------------------------------------- */

static char *show_prompt(EditLine *edit) {
  session *s;
  el_get(edit, EL_CLIENTDATA, &s);
  return (char *)s->prompt;
}

/* Letters beyond ASCII can be typed where they are UTF-8, whose bytes Lua's string functions class as they do in C's
   locale. */
static void take_utf8(void) {
  if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8")) setlocale(LC_CTYPE, "C");
}

static void open_editor(session *s) {
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) return;
  take_utf8();
  if (!(s->edit = el_init("sdelua", stdin, stdout, stderr))) return;
  el_set(s->edit, EL_CLIENTDATA, s);
  el_set(s->edit, EL_PROMPT, show_prompt);
  el_set(s->edit, EL_EDITOR, "emacs");
  el_set(s->edit, EL_ADDFN, "sdelua-complete", "Complete a name", on_tab);
  el_set(s->edit, EL_BIND, "^I", "sdelua-complete", NULL);
  open_history(s);
  el_source(s->edit, NULL);
}

static void close_editor(session *s) {
  if (s->history) history_end(s->history);
  if (s->edit) el_end(s->edit);
}

static void on_sigint(int number) { (void)number; /* a read returns, that's all */ }

/* Pushes a line without its end; false at the end of the input. *cleared: Ctrl-C gave the line up. */
static bool read_edited(session *s, bool *cleared) {
  int n = 0;
  struct sigaction action = {.sa_handler = on_sigint}, before;
  sigaction(SIGINT, &action, &before);
  el_resize(s->edit);
  errno = 0;
  const char *line = el_gets(s->edit, &n);
  *cleared = !line && n < 0 && errno == EINTR;
  sigaction(SIGINT, &before, NULL);
  if (*cleared) {
    putchar('\n');
    el_reset(s->edit);
    return true;
  }
  if (!line || n <= 0) return false;
  remember_line(s, line);
  lua_pushlstring(s->L, line, (size_t)n - (line[n - 1] == '\n'));
  return true;
}

static bool read_plain(session *s) {
  luaL_Buffer b;
  int c;
  fputs(s->prompt, stdout);
  fflush(stdout);
  if ((c = getc(stdin)) == EOF) return false;
  luaL_buffinit(s->L, &b);
  for (; c != EOF && c != '\n'; c = getc(stdin)) luaL_addchar(&b, (char)c);
  luaL_pushresult(&b);
  return true;
}

static bool read_line(session *s, const char *prompt, bool *cleared) {
  *cleared = false;
  s->prompt = prompt;
  return s->edit ? read_edited(s, cleared) : read_plain(s);
}

/* ---- reading chunks ------------------------------------------------------------------------ */

static int load_text(lua_State *L, const char *text, size_t n) { return luaL_loadbufferx(L, text, n, "=stdin", "t"); }

/* The line at 1 as an expression; leaves the function in its place when it is one. */
static bool load_expression(lua_State *L) {
  const char *text = lua_tostring(L, 1);
  const char *chunk = lua_pushfstring(L, "return %s", text[0] == '=' ? text + 1 : text);
  bool ok = load_text(L, chunk, strlen(chunk)) == LUA_OK;
  if (ok) lua_replace(L, 1);
  lua_settop(L, 1);
  return ok;
}

static bool incomplete(lua_State *L, int status) {
  static const char mark[] = "<eof>";
  size_t n;
  const char *text = lua_tolstring(L, -1, &n);
  return status == LUA_ERRSYNTAX && n >= sizeof mark - 1 && !strcmp(text + n - (sizeof mark - 1), mark);
}

/* The lines from 1 on as statements, more being read while they are incomplete. */
static int load_statements(session *s, bool *cleared) {
  lua_State *L = s->L;
  for (;;) {
    size_t n;
    const char *text = lua_tolstring(L, 1, &n);
    int status = load_text(L, text, n);
    if (!incomplete(L, status)) return status;
    lua_pushvalue(L, 1);
    lua_pushliteral(L, "\n");
    lua_concat(L, 2);
    s->before = lua_tostring(L, 3);
    bool more = read_line(s, ">> ", cleared);
    s->before = "";
    if (!more) lua_settop(L, 2);
    if (!more || *cleared) return status;
    lua_concat(L, 2);
    lua_replace(L, 1);
    lua_settop(L, 1);
  }
}

/* Reads a chunk and leaves it, or an error message, alone on the stack; -1 at the end of the input. */
static int load_chunk(session *s, bool *cleared) {
  lua_State *L = s->L;
  lua_settop(L, 0);
  if (!read_line(s, "> ", cleared)) return -1;
  if (*cleared || load_expression(L)) return LUA_OK;
  int status = load_statements(s, cleared);
  lua_replace(L, 1);
  lua_settop(L, 1);
  return status;
}

/* Calls sdelua.prompt's function of that name with the n values on the stack top. */
static int call_prompt(lua_State *L, const char *name, int n, int nresults) {
  static const char chunk[] = "local name = ...  return require 'sdelua.prompt'[name](select(2, ...))";
  int status = luaL_loadbufferx(L, chunk, sizeof chunk - 1, "=(prompt)", "t");
  lua_insert(L, -n - 1);
  lua_pushstring(L, name);
  lua_insert(L, -n - 1);
  return status == LUA_OK ? run_chunk(L, n + 1, nresults) : status;
}

static void print_results(lua_State *L) {
  int n = lua_gettop(L);
  if (n == 0) return;
  luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
  if (report(L, "", call_prompt(L, "readable", n, LUA_MULTRET)) != LUA_OK) return;
  lua_getglobal(L, "print");
  lua_insert(L, 1);
  if (lua_pcall(L, n, 0, 0) == LUA_OK) return;
  lua_pushfstring(L, "error calling 'print' (%s)", lua_tostring(L, -1));
  report(L, "", LUA_ERRRUN);
}

void repl(lua_State *L) {
  session s = {.L = L, .before = ""};
  bool cleared;
  int status;
  open_editor(&s);
  lua_pushboolean(L, s.edit != NULL);
  report(L, "", call_prompt(L, "begin", 1, 0));
  while ((status = load_chunk(&s, &cleared)) != -1) {
    if (cleared) continue;
    if (status == LUA_OK) status = run_chunk(L, 0, LUA_MULTRET);
    if (status == LUA_OK) print_results(L);
    else report(L, "", status);
  }
  lua_settop(L, 0);
  putchar('\n');
  fflush(stdout);
  close_editor(&s);
}
