/* core.system's part on the terminal: how large it is, and what it says it can do. */
#include "bind/bind.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS = 80, ROWS = 24, WAIT_MS = 1000, MAX_BYTES = 512 };

/* ---- size ------------------------------------------------------------------------ */

static int from_environment(const char *name, int otherwise) {
  const char *text = getenv(name);
  int n = text ? atoi(text) : 0;
  return n > 0 && n <= 10000 ? n : otherwise;
}

/* terminal_size(): columns, rows, and the size of a cell in pixels, 0, 0 where that is not known. Without a terminal
   what COLUMNS and LINES say, or 80, 24. */
static int terminal_size(lua_State *L) {
  struct winsize w = {0};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) != 0) w = (struct winsize){0};
  bool known = w.ws_col > 0 && w.ws_row > 0;
  lua_pushinteger(L, known ? w.ws_col : from_environment("COLUMNS", COLUMNS));
  lua_pushinteger(L, known ? w.ws_row : from_environment("LINES", ROWS));
  lua_pushinteger(L, known ? w.ws_xpixel / w.ws_col : 0);
  lua_pushinteger(L, known ? w.ws_ypixel / w.ws_row : 0);
  return 4;
}

/* ---- asking ------------------------------------------------------------------------ */

/* The terminal answers where a person's keys come from too, so keys that come meanwhile are put back, where the system
   lets a program do that. */
typedef struct answer {
  char bytes[MAX_BYTES];
  int n, begin, end; /* the answer is bytes[begin, end) */
} answer;

/* Primary device attributes: ESC [ ? 62 ; 4 ; 22 c. */
static bool find_answer(answer *a) {
  for (a->begin = 0; a->begin + 3 < a->n; a->begin++) {
    if (memcmp(a->bytes + a->begin, "\033[?", 3)) continue;
    a->end = a->begin + 3;
    while (a->end < a->n && a->bytes[a->end] && strchr("0123456789;", a->bytes[a->end])) a->end++;
    if (a->end < a->n && a->bytes[a->end++] == 'c') return true;
  }
  return false;
}

static int64_t milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_readable(int wait) {
  struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
  return poll(&p, 1, wait) == 1 && p.revents & POLLIN;
}

static bool read_answer(answer *a) {
  int64_t end = milliseconds() + WAIT_MS;
  for (int left = WAIT_MS; a->n < MAX_BYTES && left > 0; left = (int)(end - milliseconds())) {
    if (!is_readable(left) || read(STDIN_FILENO, a->bytes + a->n, 1) != 1) return false;
    a->n++;
    if (find_answer(a)) return true;
  }
  return false;
}

static void put_back(const answer *a, bool found) {
  for (int i = 0; i < a->n; i++)
    if (!found || i < a->begin || i >= a->end) ioctl(STDIN_FILENO, TIOCSTI, &a->bytes[i]);
}

/* With the terminal handing on single bytes without showing them, and no signal that could leave it so. What was typed
   before is not ours to read: then nothing is asked. */
static bool ask(answer *a) {
  struct termios before, single;
  sigset_t all, mask;
  bool found = false;
  if (tcgetattr(STDIN_FILENO, &before) != 0) return false;
  single = before;
  single.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  single.c_cc[VMIN] = 1;
  single.c_cc[VTIME] = 0;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &mask);
  if (tcsetattr(STDIN_FILENO, TCSANOW, &single) == 0) {
    if (!is_readable(0) && write(STDOUT_FILENO, "\033[c", 3) == 3) found = read_answer(a);
    put_back(a, found);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
  }
  sigprocmask(SIG_SETMASK, &mask, NULL);
  return found;
}

/* One who is not in the foreground would be stopped for asking. */
static bool may_ask(void) {
  const char *term = getenv("TERM");
  return term && strcmp(term, "dumb") && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
         tcgetpgrp(STDIN_FILENO) == getpgrp() && tcgetpgrp(STDOUT_FILENO) == getpgrp();
}

/* terminal_attributes(): what a terminal answers when it is asked what it is, such as "62;4;22"; nil without one, or
   when it does not answer within a second. */
static int terminal_attributes(lua_State *L) {
  answer a = {.n = 0};
  if (!may_ask() || !ask(&a)) return 0;
  lua_pushlstring(L, a.bytes + a.begin + 3, (size_t)(a.end - a.begin - 4));
  return 1;
}

void sl_bind_terminal(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"terminal_size", terminal_size}, {"terminal_attributes", terminal_attributes}, {NULL, NULL}};
  lua_getfield(L, -1, "system");
  luaL_setfuncs(L, functions, 0);
  lua_pop(L, 1);
}
