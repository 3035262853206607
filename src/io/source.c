#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *sl_path_tail(const char *path) {
  size_t n = strlen(path);
  return n > 200 ? path + n - 200 : path;
}

void *sl_source_fail(sl_ctx *c, const sl_source *s, const char *format, ...) {
  char text[280];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return sl_fail(c, SL_EIO, "%s: %s: %s", s->who, sl_path_tail(s->name), text);
}

static int64_t file_pull(sl_ctx *c, sl_source *s, void *dst, size_t n) {
  ssize_t got;
  do got = read(s->fd, dst, n);
  while (got < 0 && errno == EINTR);
  if (got < 0) sl_source_fail(c, s, "%s", strerror(errno));
  return got;
}

/* Non-blocking so that a pipe without a writer is refused, not waited for. */
bool sl_source_open(sl_ctx *c, sl_source *s, const char *who, const char *path) {
  struct stat st;
  *s = (sl_source){.who = who, .name = path, .pull = file_pull, .fd = -1};
  if (sl_failed(c)) return false;
  s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (s->fd < 0 || fstat(s->fd, &st)) {
    sl_source_fail(c, s, "%s", strerror(errno));
  } else if (!S_ISREG(st.st_mode)) {
    sl_source_fail(c, s, "expected a regular file, got %s", S_ISDIR(st.st_mode) ? "a folder" : "a device or pipe");
  } else {
    s->bound = (uint64_t)st.st_size;
    return true;
  }
  sl_source_close(s);
  return false;
}

void sl_source_close(sl_source *s) {
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

static int64_t memory_pull(sl_ctx *c, sl_source *s, void *dst, size_t n) {
  (void)c;
  if (n > s->bound) n = (size_t)s->bound;
  if (n) memcpy(dst, s->memory, n);
  s->memory += n;
  return (int64_t)n;
}

void sl_source_memory(sl_source *s, const char *who, const void *data, size_t size) {
  *s = (sl_source){.who = who, .name = "memory", .bound = size, .pull = memory_pull, .memory = data};
}

bool sl_source_read(sl_ctx *c, sl_source *s, void *dst, size_t n) {
  for (size_t done = 0; done < n;) {
    int64_t got = s->pull(c, s, (char *)dst + done, n - done);
    if (got < 0) return false;
    if (got == 0) return sl_source_fail(c, s, "cut short: expected %zu more bytes, got %zu", n, done);
    done += (size_t)got;
    s->bound -= (uint64_t)got < s->bound ? (uint64_t)got : s->bound;
  }
  return true;
}

bool sl_source_expect(sl_ctx *c, const sl_source *s, uint64_t n, const char *what) {
  if (n <= s->bound) return true;
  return sl_source_fail(c, s, "cut short: expected %llu bytes of %s, got at most %llu", (unsigned long long)n, what,
                        (unsigned long long)s->bound);
}

bool sl_source_end(sl_ctx *c, sl_source *s) {
  char byte;
  int64_t got = s->pull(c, s, &byte, 1);
  if (got > 0) sl_source_fail(c, s, "expected the end of the data, got more bytes");
  return got == 0;
}

void *sl_source_rest(sl_ctx *c, sl_source *s, size_t limit, size_t *size) {
  if (s->bound > limit)
    return sl_source_fail(c, s, "expected at most %zu bytes, got %llu", limit, (unsigned long long)s->bound);
  *size = (size_t)s->bound;
  void *data = sl_alloc(c, *size ? *size : 1, s->who);
  if (data && sl_source_read(c, s, data, *size)) return data;
  sl_free(c, data);
  return NULL;
}
