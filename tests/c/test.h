/* A test program: TEST(name) { ... } as often as wanted, nothing else. Each
   test gets a fresh context of two threads and must leave no live bytes. Quiet
   when all pass; the last line counts. */
#ifndef TEST_H
#define TEST_H

#include "sdelua/base.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void test_fn(sl_ctx *c);
typedef struct test { const char *name; test_fn *fn; struct test *next; } test;
static test *test_first, **test_tail = &test_first;
static int test_bad;

static void test_register(test *t) { *test_tail = t; test_tail = &t->next; }

#define TEST(name)                                                                     \
  static void name(sl_ctx *c);                                                         \
  static test test_##name = {#name, name, NULL};                                       \
  __attribute__((constructor)) static void reg_##name(void) { test_register(&test_##name); } \
  static void name(sl_ctx *c __attribute__((unused)))

/* Reports and goes on; use `if (!CHECK(x)) return;` where going on makes no sense. */
#define CHECK(cond) test_check(!!(cond), __FILE__, __LINE__, #cond, NULL)
#define CHECK_MSG(cond, msg) test_check(!!(cond), __FILE__, __LINE__, #cond, msg)
static inline int test_check(int ok, const char *file, int line, const char *what, const char *msg) {
  if (!ok) {
    test_bad++;
    printf("%s:%d: %s%s%s\n", file, line, what, msg ? ": " : "", msg ? msg : "");
  }
  return ok;
}

/* The pending error is of this code and its message contains `part`. Clears it. */
#define CHECK_ERROR(c, code, part) test_error(c, code, part, __FILE__, __LINE__)
static inline void test_error(sl_ctx *c, sl_code code, const char *part, const char *file, int line) {
  sl_error e = {0};
  if (!sl_error_take(c, &e)) test_check(0, file, line, "expected an error", part);
  else if (e.code != code || !strstr(e.message, part)) {
    test_check(0, file, line, part, e.message);
    printf("  code %d, expected %d\n", e.code, code);
  }
}

int main(int argc, char **argv) {
  int passed = 0, failed = 0;
  for (test *t = test_first; t; t = t->next) {
    if (argc > 1 && !strstr(t->name, argv[1])) continue;
    int before = test_bad;
    sl_ctx *c = sl_ctx_new(2);
    if (!c) { printf("no context\n"); return 1; }
    size_t mark = sl_pool_open(c);
    t->fn(c);
    sl_error e;
    if (sl_error_take(c, &e)) test_check(0, t->name, 0, "an error is left pending", e.message);
    sl_pool_close(c, mark);
    if (sl_mem_live(c)) {
      char buf[64];
      snprintf(buf, sizeof buf, "%zu bytes", sl_mem_live(c));
      test_check(0, t->name, 0, "live bytes at the end", buf);
    }
    sl_ctx_free(c);
    if (test_bad > before) { failed++; printf("FAILED %s\n", t->name); }
    else passed++;
  }
  printf("%d passed, %d failed\n", passed, failed);
  return failed != 0;
}
#endif
