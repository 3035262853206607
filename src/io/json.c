#include "io/json.h"
#include "io/bundle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void skip_space(sl_json *j) {
  while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r')) j->p++;
}

bool sl_json_accept(sl_json *j, char mark) {
  skip_space(j);
  if (j->p == j->end || *j->p != mark) return false;
  j->p++;
  return true;
}

bool sl_json_end(sl_json *j) {
  skip_space(j);
  return j->p == j->end;
}

bool sl_json_more(sl_json *j, char close, bool *first, bool *bad) {
  bool start = *first;
  *first = false;
  if (sl_json_accept(j, close)) return false;
  return start || sl_json_accept(j, ',') || !(*bad = true);
}

bool sl_json_uint(sl_json *j, uint64_t *out) {
  skip_space(j);
  char *start = j->p;
  for (*out = 0; j->p < j->end && *j->p >= '0' && *j->p <= '9'; j->p++) {
    if (*out > (INT64_MAX - 9) / 10) return false;
    *out = *out * 10 + (uint64_t)(*j->p - '0');
  }
  return j->p > start && (*start != '0' || j->p == start + 1);
}

/* ---- strings --------------------------------------------------------------------- */

static bool read_hex(sl_json *j, uint32_t *out) {
  *out = 0;
  if (j->end - j->p < 4) return false;
  for (int i = 0; i < 4; i++, j->p++) {
    char ch = *j->p;
    int digit = ch >= '0' && ch <= '9' ? ch - '0' : (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10 : -1;
    if (digit < 0) return false;
    *out = *out << 4 | (uint32_t)digit;
  }
  return true;
}

/* The code point behind "\u", of two escapes when it is a surrogate pair. */
static bool read_code(sl_json *j, uint32_t *code) {
  uint32_t low;
  if (!read_hex(j, code) || (*code >= 0xdc00 && *code < 0xe000)) return false;
  if (*code < 0xd800 || *code >= 0xe000) return true;
  if (j->end - j->p < 2 || j->p[0] != '\\' || j->p[1] != 'u') return false;
  j->p += 2;
  if (!read_hex(j, &low) || low < 0xdc00 || low >= 0xe000) return false;
  *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

/* UTF-8 is never longer than the escape it came from. */
static char *put_code(char *dst, uint32_t code) {
  static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  int n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (int i = n - 1; i > 0; i--, code >>= 6) dst[i] = (char)(0x80 | (code & 0x3f));
  dst[0] = (char)(lead[n] | code);
  return dst + n;
}

static bool read_escape(sl_json *j, char **dst) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  uint32_t code;
  if (j->p == j->end) return false;
  char ch = *j->p++;
  const char *at = ch ? strchr(from, ch) : NULL;
  if (at) {
    *(*dst)++ = to[at - from];
    return true;
  }
  if (ch != 'u' || !read_code(j, &code)) return false;
  *dst = put_code(*dst, code);
  return true;
}

bool sl_json_string(sl_json *j, char **out) {
  if (!sl_json_accept(j, '"')) return false;
  char *dst = *out = j->p;
  while (j->p < j->end && *j->p != '"') {
    char ch = *j->p++;
    if ((uint8_t)ch < 0x20) return false;
    if (ch != '\\') *dst++ = ch;
    else if (!read_escape(j, &dst)) return false;
  }
  if (j->p == j->end || !sl_utf8_valid(*out, (size_t)(dst - *out))) return false;
  j->p++;
  *dst = '\0';
  return true;
}

/* ---- writing --------------------------------------------------------------------- */

void sl_json_put(sl_json_out *o, const char *format, ...) {
  va_list args;
  va_start(args, format);
  int n = vsnprintf(o->dst ? o->dst + o->n : NULL, o->dst ? o->cap - o->n : 0, format, args);
  va_end(args);
  if (n > 0) o->n += (size_t)n;
}

void sl_json_put_string(sl_json_out *o, const char *s) {
  sl_json_put(o, "\"");
  while (*s) {
    size_t plain = 0;
    while ((uint8_t)s[plain] >= 0x20 && s[plain] != '"' && s[plain] != '\\') plain++;
    if (plain) sl_json_put(o, "%.*s", (int)plain, s);
    s += plain;
    if (*s) sl_json_put(o, (uint8_t)*s < 0x20 ? "\\u%04x" : "\\%c", *s);
    s += *s != '\0';
  }
  sl_json_put(o, "\"");
}
