/*
 * The package `demo` from C: reads five digits, then lets the recurrent part remember five steps.
 *
 *   main FOLDER/demo.weights
 */
#include "demo.h"

#include <stdio.h>

/* Eight rows of eight pixels, a byte a row, the leftmost pixel in the lowest bit. */
static const unsigned char glyphs[5][8] = {
    {0x1e, 0x33, 0x30, 0x1c, 0x30, 0x33, 0x1e, 0x00}, /* 3 */
    {0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00}, /* 1 */
    {0x38, 0x3c, 0x36, 0x33, 0x7f, 0x30, 0x78, 0x00}, /* 4 */
    {0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00}, /* 1 */
    {0x3f, 0x03, 0x1f, 0x30, 0x30, 0x33, 0x1e, 0x00}, /* 5 */
};

static const DLDevice cpu = {1, 0};
static const DLDataType float32 = {2, 32, 1};
static const DLDataType int64 = {0, 64, 1};

/* Describes memory of the caller: row-major, so without strides. */
static DLTensor tensor(void *data, DLDataType dtype, int32_t ndim, int64_t *shape) {
  const DLTensor t = {data, cpu, ndim, dtype, shape, NULL, 0};
  return t;
}

static int classify(demo_context *context) {
  static float pixels[5][8][8], likely[5][10];
  int64_t digits[5];
  for (int i = 0; i < 5; i++) {
    for (int row = 0; row < 8; row++) {
      for (int column = 0; column < 8; column++) pixels[i][row][column] = (float)(glyphs[i][row] >> column & 1);
    }
  }
  DLTensor images = tensor(pixels, float32, 3, (int64_t[]){5, 8, 8});
  DLTensor read = tensor(digits, int64, 1, (int64_t[]){5});
  DLTensor probabilities = tensor(likely, float32, 2, (int64_t[]){5, 10});
  if (demo_classify(context, &images, &read, &probabilities)) return 1;
  printf("digits");
  for (int i = 0; i < 5; i++) printf(" %d", (int)digits[i]);
  printf("\nsure");
  for (int i = 0; i < 5; i++) printf(" %.3f", likely[i][digits[i]]);
  printf("\n");
  return 0;
}

static int steps(demo_context *context) {
  static float hidden[16], history[256][16];
  float input[8], output[4];
  DLTensor x = tensor(input, float32, 1, (int64_t[]){8});
  DLTensor y = tensor(output, float32, 1, (int64_t[]){4});
  /* State is the caller's memory: each step reads it and writes it. */
  DLTensor state_hidden = tensor(hidden, float32, 1, (int64_t[]){16});
  DLTensor state_history = tensor(history, float32, 2, (int64_t[]){256, 16});
  for (int64_t pos = 0; pos < 5; pos++) {
    for (int i = 0; i < 8; i++) input[i] = (float)((pos + i) % 5 - 2);
    if (demo_step(context, &x, pos, &state_hidden, &state_history, &y)) return 1;
    printf("step %d:", (int)pos);
    for (int i = 0; i < 4; i++) printf(" %.3f", output[i]);
    printf("\n");
  }
  return 0;
}

int main(int argc, char **argv) {
  demo_runtime *runtime = NULL;
  demo_weights *weights = NULL;
  demo_context *context = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: %s demo.weights\n", argv[0]);
    return 2;
  }
  const int failed = demo_runtime_create(DEMO_ABI_VERSION, 0, &runtime) || demo_weights_open(runtime, argv[1], &weights) ||
                     demo_context_create(weights, &context) || classify(context) || steps(context);
  if (failed) fprintf(stderr, "%s\n", demo_last_error());
  demo_context_destroy(context);
  demo_weights_close(weights);
  demo_runtime_destroy(runtime);
  return failed;
}
