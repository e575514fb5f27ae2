/*
 * The tool that packaging runs: a program on standard input (one ES module that imports nothing) becomes the engine's
 * bytecode on standard output. Built from the same engine as what will run it; the bytes depend on the program alone.
 *
 * A module rather than a script: what its functions share are slots that they are bound to once, where a script's
 * functions search a list of all names for each variable that they capture.
 *
 *     tn_bytecode NAME [lines]      NAME stands in stack traces; `lines`: so do line numbers
 */
#include "tn_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(FILE *file, size_t *bytes) {
  size_t room = 1 << 20, used = 0;
  char *text = malloc(room + 1); /* the engine wants a zero after the end */
  while (text != NULL) {
    used += fread(text + used, 1, room - used, file);
    if (used < room) break;
    room *= 2;
    char *larger = realloc(text, room + 1);
    if (larger == NULL) free(text);
    text = larger;
  }
  if (text == NULL || ferror(file)) {
    free(text);
    return NULL;
  }
  text[used] = '\0';
  *bytes = used;
  return text;
}

static JSValue compile(JSContext *ctx, const char *script, size_t bytes, const char *name, bool lines) {
  int flags = JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY;
#ifdef JS_EVAL_FLAG_STRIP
  if (!lines) flags |= JS_EVAL_FLAG_STRIP;
#else
  (void)lines;
#endif
  return JS_Eval(ctx, script, bytes, name, flags);
}

static uint8_t *serialize(JSContext *ctx, JSValueConst function, bool lines, size_t *bytes) {
  int flags = JS_WRITE_OBJ_BYTECODE;
#ifdef JS_WRITE_OBJ_STRIP_SOURCE
  flags |= JS_WRITE_OBJ_STRIP_SOURCE | (lines ? 0 : JS_WRITE_OBJ_STRIP_DEBUG);
#else
  (void)lines;
#endif
  return JS_WriteObject(ctx, bytes, function, flags);
}

static int fail(JSContext *ctx) {
  const JSValue thrown = JS_GetException(ctx);
  const char *text = JS_ToCString(ctx, thrown);
  fprintf(stderr, "%s\n", text != NULL ? text : "not enough memory");
  JS_FreeCString(ctx, text);
  const JSValue stack = JS_GetPropertyStr(ctx, thrown, "stack"); /* a syntax error's place */
  const char *place = JS_IsString(stack) ? JS_ToCString(ctx, stack) : NULL;
  if (place != NULL) fprintf(stderr, "%s", place);
  JS_FreeCString(ctx, place);
  JS_FreeValue(ctx, stack);
  JS_FreeValue(ctx, thrown);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "lines") != 0)) {
    fprintf(stderr, "usage: tn_bytecode NAME [lines] <program >bytecode\n");
    return 2;
  }
  size_t script_bytes;
  char *script = read_all(stdin, &script_bytes);
  JSRuntime *runtime = script == NULL ? NULL : JS_NewRuntime();
  JSContext *ctx = runtime == NULL ? NULL : JS_NewContext(runtime);
  if (ctx == NULL) {
    fprintf(stderr, "the script cannot be read\n");
    return 1;
  }
  const bool lines = argc == 3;
  int status = 1;
  const JSValue function = compile(ctx, script, script_bytes, argv[1], lines);
  size_t bytes;
  uint8_t *bytecode = JS_IsException(function) ? NULL : serialize(ctx, function, lines, &bytes);
  if (bytecode == NULL) {
    status = fail(ctx);
  } else if (fwrite(bytecode, 1, bytes, stdout) == bytes && fflush(stdout) == 0) {
    status = 0;
  } else {
    fprintf(stderr, "the bytecode cannot be written\n");
  }
  js_free(ctx, bytecode);
  JS_FreeValue(ctx, function);
  JS_FreeContext(ctx);
  JS_FreeRuntime(runtime);
  free(script);
  return status;
}
