/* Reads JSON into a tree: see tn_self_json.h. */
#include "tn_self_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64 };

typedef struct reader {
  const char *at, *end;
  const char *problem;
  tn_json *all; /* every node, linked by `chain`, for freeing */
} reader;

/* A node and what it owns. */
typedef struct node {
  tn_json json; /* first: a tn_json is its node */
  struct node *chain;
  char *key, *text;
} node;

static node *new_node(reader *r) {
  node *made = calloc(1, sizeof *made);
  if (made == NULL) {
    r->problem = "no memory";
    return NULL;
  }
  made->chain = (node *)r->all;
  r->all = &made->json;
  return made;
}

static void skip_space(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')) r->at++;
}

/* Takes `c` if it comes next. */
static int take(reader *r, char c) {
  skip_space(r);
  if (r->at == r->end || *r->at != c) return 0;
  r->at++;
  return 1;
}

static int hex_digits(reader *r, uint32_t *out) {
  if (r->end - r->at < 4) return 0;
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) {
    const char c = *r->at++;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return 0;
    value = value * 16 + (uint32_t)digit;
  }
  *out = value;
  return 1;
}

static char *put_utf8(char *to, uint32_t code) {
  if (code < 0x80) {
    *to++ = (char)code;
  } else if (code < 0x800) {
    *to++ = (char)(0xc0 | code >> 6);
    *to++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *to++ = (char)(0xe0 | code >> 12);
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  } else {
    *to++ = (char)(0xf0 | code >> 18);
    *to++ = (char)(0x80 | (code >> 12 & 0x3f));
    *to++ = (char)(0x80 | (code >> 6 & 0x3f));
    *to++ = (char)(0x80 | (code & 0x3f));
  }
  return to;
}

/* After `\u`: one code point, of two escapes where it takes two. A lone surrogate becomes U+FFFD. */
static char *unescape(reader *r, char *to) {
  uint32_t code, low;
  if (!hex_digits(r, &code)) return NULL;
  if (code >= 0xd800 && code < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
    const char *second = r->at;
    r->at += 2;
    if (!hex_digits(r, &low)) return NULL;
    if (low >= 0xdc00 && low < 0xe000) return put_utf8(to, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    r->at = second;
  }
  if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
  /* A zero would cut the text short for everybody who takes it as terminated. */
  return put_utf8(to, code != 0 ? code : 0xfffd);
}

static char simple_escape(char c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '"':
    case '\\':
    case '/': return c;
    default: return 0;
  }
}

/* After the opening quote. The result is the caller's. */
static char *read_string(reader *r, size_t *bytes) {
  const char *stop = r->at;
  while (stop < r->end && *stop != '"') stop += *stop == '\\' ? 2 : 1;
  if (stop >= r->end) {
    r->problem = "a string has no end";
    return NULL;
  }
  char *text = malloc((size_t)(stop - r->at) + 1); /* an escape is never shorter than what it means */
  if (text == NULL) {
    r->problem = "no memory";
    return NULL;
  }
  char *to = text;
  while (to != NULL && *r->at != '"') {
    const char c = *r->at++;
    if ((unsigned char)c < 0x20) {
      to = NULL;
    } else if (c != '\\') {
      *to++ = c;
    } else if (*r->at == 'u') {
      r->at++;
      to = unescape(r, to);
    } else {
      const char meant = simple_escape(*r->at++);
      if (meant == 0) to = NULL;
      else *to++ = meant;
    }
  }
  if (to == NULL) {
    free(text);
    r->problem = "a string has a character or an escape that JSON has not";
    return NULL;
  }
  r->at++;
  *to = 0;
  *bytes = (size_t)(to - text);
  return text;
}

static int is_digit(const reader *r) { return r->at < r->end && *r->at >= '0' && *r->at <= '9'; }

static int digits(reader *r) {
  if (!is_digit(r)) return 0;
  while (is_digit(r)) r->at++;
  return 1;
}

static int read_number(reader *r, node *into) {
  const char *start = r->at;
  if (r->at < r->end && *r->at == '-') r->at++;
  int good = digits(r);
  if (good && r->at < r->end && *r->at == '.') {
    r->at++;
    good = digits(r);
  }
  if (good && r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
    r->at++;
    if (r->at < r->end && (*r->at == '+' || *r->at == '-')) r->at++;
    good = digits(r);
  }
  if (!good) {
    r->problem = "a value is none";
    return 0;
  }
  const size_t bytes = (size_t)(r->at - start);
  into->text = strndup(start, bytes);
  if (into->text == NULL) {
    r->problem = "no memory";
    return 0;
  }
  into->json.kind = TN_JSON_NUMBER;
  into->json.text = into->text;
  into->json.text_bytes = bytes;
  return 1;
}

static int read_word(reader *r, const char *word) {
  const size_t bytes = strlen(word);
  if ((size_t)(r->end - r->at) < bytes || memcmp(r->at, word, bytes) != 0) return 0;
  r->at += bytes;
  return 1;
}

static node *read_value(reader *r, int depth);

/* After the opening bracket. */
static int read_children(reader *r, node *into, int depth) {
  const int is_object = into->json.kind == TN_JSON_OBJECT;
  const char close = is_object ? '}' : ']';
  if (take(r, close)) return 1;
  tn_json **link = &into->json.first;
  for (;;) {
    char *key = NULL;
    size_t bytes = 0;
    if (is_object) {
      if (!take(r, '"')) {
        r->problem = "a key is missing";
        return 0;
      }
      key = read_string(r, &bytes);
      if (key == NULL) return 0;
      if (!take(r, ':')) {
        free(key);
        r->problem = "a colon is missing";
        return 0;
      }
    }
    node *child = read_value(r, depth + 1);
    if (child == NULL) {
      free(key);
      return 0;
    }
    child->key = key;
    child->json.key = key;
    *link = &child->json;
    link = &child->json.next;
    if (take(r, ',')) continue;
    if (take(r, close)) return 1;
    r->problem = "a comma or the closing bracket is missing";
    return 0;
  }
}

static node *read_value(reader *r, int depth) {
  if (depth > MAX_DEPTH) {
    r->problem = "it is nested too deep";
    return NULL;
  }
  node *made = new_node(r);
  if (made == NULL) return NULL;
  int good;
  if (take(r, '{')) {
    made->json.kind = TN_JSON_OBJECT;
    good = read_children(r, made, depth);
  } else if (take(r, '[')) {
    made->json.kind = TN_JSON_ARRAY;
    good = read_children(r, made, depth);
  } else if (take(r, '"')) {
    made->json.kind = TN_JSON_STRING;
    made->text = read_string(r, &made->json.text_bytes);
    made->json.text = made->text;
    good = made->text != NULL;
  } else if (read_word(r, "true")) {
    made->json.kind = TN_JSON_TRUE;
    good = 1;
  } else if (read_word(r, "false")) {
    made->json.kind = TN_JSON_FALSE;
    good = 1;
  } else if (read_word(r, "null")) {
    made->json.kind = TN_JSON_NULL;
    good = 1;
  } else {
    good = read_number(r, made);
  }
  return good ? made : NULL;
}

static void free_all(tn_json *newest) {
  for (node *each = (node *)newest; each != NULL;) {
    node *next = each->chain;
    free(each->key);
    free(each->text);
    free(each);
    each = next;
  }
}

/* The root owns the chain: it is moved to its end so that freeing can start there. */
tn_json *tn_json_parse(const char *text, size_t bytes, const char **problem) {
  reader r = {.at = text, .end = text + bytes};
  node *root = read_value(&r, 0);
  skip_space(&r);
  if (root != NULL && r.at != r.end) {
    r.problem = "something follows its end";
    root = NULL;
  }
  if (root == NULL) {
    *problem = r.problem;
    free_all(r.all);
    return NULL;
  }
  /* The root was made first, so it ends the chain; its own link closes the ring for tn_json_free. */
  root->chain = (node *)r.all;
  return &root->json;
}

void tn_json_free(tn_json *json) {
  if (json == NULL) return;
  node *root = (node *)json;
  node *newest = root->chain;
  root->chain = NULL;
  free_all(newest != NULL ? &newest->json : json);
}

const tn_json *tn_json_get(const tn_json *of, const char *key) {
  if (of == NULL || of->kind != TN_JSON_OBJECT) return NULL;
  const tn_json *found = NULL;
  for (const tn_json *child = of->first; child != NULL; child = child->next) {
    if (strcmp(child->key, key) == 0) found = child;
  }
  return found;
}

const char *tn_json_text(const tn_json *of, const char *key, const char *otherwise) {
  const tn_json *found = tn_json_get(of, key);
  return found != NULL && found->kind == TN_JSON_STRING ? found->text : otherwise;
}

int tn_json_integer(const tn_json *value, int64_t *out) {
  if (value == NULL || value->kind != TN_JSON_NUMBER) return 0;
  char *end;
  errno = 0;
  const long long whole = strtoll(value->text, &end, 10);
  if (errno != 0 || *end != 0) return 0;
  *out = whole;
  return 1;
}
