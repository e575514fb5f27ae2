/** @file Two small parts to embed in other programs: digits read off 8×8 images, and a recurrent step that remembers. */

import { cat, compileCache, Dim, manualSeed, nn, type Tensor, tensor, zeros } from 'torchnative';

const { functional: F } = nn;

/** The digits 0 to 9: eight rows of eight pixels, a byte a row, the leftmost pixel in the lowest bit. */
const glyphs = [
  [0x3e, 0x63, 0x73, 0x7b, 0x6f, 0x67, 0x3e, 0x00],
  [0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00],
  [0x1e, 0x33, 0x30, 0x1c, 0x06, 0x33, 0x3f, 0x00],
  [0x1e, 0x33, 0x30, 0x1c, 0x30, 0x33, 0x1e, 0x00],
  [0x38, 0x3c, 0x36, 0x33, 0x7f, 0x30, 0x78, 0x00],
  [0x3f, 0x03, 0x1f, 0x30, 0x30, 0x33, 0x1e, 0x00],
  [0x1c, 0x06, 0x03, 0x1f, 0x33, 0x33, 0x1e, 0x00],
  [0x3f, 0x33, 0x30, 0x18, 0x0c, 0x0c, 0x0c, 0x00],
  [0x1e, 0x33, 0x33, 0x1e, 0x33, 0x33, 0x1e, 0x00],
  [0x1e, 0x33, 0x33, 0x3e, 0x30, 0x18, 0x0e, 0x00],
];

/** A glyph as eight rows of 0 and 1, `shift` pixels further to the right. */
function image(glyph: readonly number[], shift = 0): number[][] {
  return glyph.map((row) => Array.from({ length: 8 }, (_, column) => ((row << shift) >> column) & 1));
}

/** Three hidden units for each digit, which see it in three places; the answer is the digit whose units agree best. */
class Digits extends nn.Module {
  readonly hidden = new nn.Linear(64, 30);
  readonly answer = new nn.Linear(30, 10);

  constructor() {
    super();
    const seen = tensor(glyphs.flatMap((glyph) => [0, 1, 2].map((shift) => image(glyph, shift).flat())));
    const belongs = glyphs.map((_, digit) => Array.from({ length: 30 }, (__, unit) => Math.floor(unit / 3) === digit));
    this.hidden.weight = new nn.Parameter((seen * 2 - 1) / 8);
    this.hidden.bias = new nn.Parameter(seen.sum(1) / -16);
    this.answer.weight = new nn.Parameter(tensor(belongs).to('float32') * 4);
    this.answer.bias = new nn.Parameter(zeros([10]));
  }

  /** images [n, 8, 8] of 0 to 1 → the digit on each, and how likely each digit is. */
  @compileCache('classify', { inputMatchers: { images: { 0: Dim('n', { max: 64 }) } } })
  forward(images: Tensor): { digits: Tensor; probabilities: Tensor } {
    const logits = this.answer.forward(F.relu(this.hidden.forward(images.flatten(1))));
    return { digits: logits.argmax(-1), probabilities: logits.softmax(-1) };
  }
}

/** What a `Recall` keeps from step to step: the caller's memory, written in place. */
interface State {
  readonly hidden: Tensor;
  readonly history: Tensor;
}

/** A gated recurrent cell that looks back at all its earlier states. */
class Recall extends nn.Module {
  readonly input = new nn.Linear(8, 48);
  readonly recurrent = new nn.Linear(16, 48);
  readonly output = new nn.Linear(32, 4);

  /** x [8] → y [4]; `pos` counts the steps before this one. */
  @compileCache('step', { inputMatchers: { pos: Dim('pos', { min: 0, max: 255 }) } })
  forward(x: Tensor, pos: number, state: State): Tensor {
    const { hidden, history } = state;
    const [a, b] = [this.input.forward(x), this.recurrent.forward(hidden)];
    const reset = F.sigmoid(a['0:16'] + b['0:16']);
    const update = F.sigmoid(a['16:32'] + b['16:32']);
    const fresh = F.tanh(a['32:48'] + b['32:48'] * reset);
    hidden.copy_(fresh + (hidden - fresh) * update);
    history.select(0, pos).copy_(hidden);
    const past = history[`:${pos + 1}`];
    const attention = F.softmax(past.matmul(hidden) / 4, 0);
    return this.output.forward(cat([hidden, attention.matmul(past)], 0));
  }
}

manualSeed(7);
const digits = new Digits();
const recall = new Recall();

const read = digits.forward(tensor([3, 1, 4, 1, 5].map((digit) => image(glyphs[digit]))));
const sure = read.probabilities.max(1).values.tolist() as number[];
console.log(`digits ${(read.digits.tolist() as number[]).join(' ')}`);
console.log(`sure ${sure.map((p) => p.toFixed(3)).join(' ')}`);

const state: State = { hidden: zeros([16]), history: zeros([256, 16]) };
for (let pos = 0; pos < 5; pos++) {
  const x = tensor(Array.from({ length: 8 }, (_, i) => ((pos + i) % 5) - 2));
  const y = recall.forward(x, pos, state).tolist() as number[];
  console.log(`step ${pos}: ${y.map((value) => value.toFixed(3)).join(' ')}`);
}
