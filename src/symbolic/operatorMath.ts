/** @file `Math` for transformed code: native on plain numbers, symbolic on sizes. */

import { activeTracer } from '../core/tracer.ts';
import type { Operand } from './arithmetic.ts';
import { isOperatorTarget, mathSymbol } from './operatorTarget.ts';
import { type MathName, symbolicMath } from './symbolicMath.ts';
import { isSymbolic } from './symValue.ts';

/** Arguments of which at least one is no number: tensors first, then symbolic ones make the call symbolic, else it is native. */
function slow(name: MathName, args: readonly unknown[]): unknown {
  const native = Math[name] as (...args: unknown[]) => number;
  const target = args.find(isOperatorTarget);
  if (target?.[mathSymbol]) return target[mathSymbol](name, args);
  if (!args.some(isSymbolic)) return native(...args);
  return symbolicMath(
    name,
    args.map((arg): Operand => (isSymbolic(arg) ? arg : Number(arg))),
  );
}

type UnaryName = Exclude<MathName, 'min' | 'max' | 'pow' | 'atan2' | 'hypot' | 'imul'>;

/** One closure a function, so that each call site stays monomorphic. */
function unary(name: UnaryName): (x: unknown) => unknown {
  const native = Math[name];
  return (x) => (typeof x === 'number' ? native(x) : slow(name, [x]));
}

function binary(name: 'pow' | 'atan2' | 'imul'): (a: unknown, b: unknown) => unknown {
  const native = Math[name];
  return (a, b) => (typeof a === 'number' && typeof b === 'number' ? native(a, b) : slow(name, [a, b]));
}

/** `Math` with every function and constant of ES2023; symbolic arguments give symbolic results. */
export const operatorMath = {
  E: Math.E,
  LN10: Math.LN10,
  LN2: Math.LN2,
  LOG10E: Math.LOG10E,
  LOG2E: Math.LOG2E,
  PI: Math.PI,
  SQRT1_2: Math.SQRT1_2,
  SQRT2: Math.SQRT2,
  random: (): number => {
    // Native code would repeat the number that was drawn.
    activeTracer?.abort('Math.random() is called', 'draw the number outside and pass it as an argument');
    return Math.random();
  },
  floor: (x: unknown): unknown => (typeof x === 'number' ? Math.floor(x) : slow('floor', [x])),
  ceil: (x: unknown): unknown => (typeof x === 'number' ? Math.ceil(x) : slow('ceil', [x])),
  round: (x: unknown): unknown => (typeof x === 'number' ? Math.round(x) : slow('round', [x])),
  trunc: (x: unknown): unknown => (typeof x === 'number' ? Math.trunc(x) : slow('trunc', [x])),
  abs: (x: unknown): unknown => (typeof x === 'number' ? Math.abs(x) : slow('abs', [x])),
  sqrt: (x: unknown): unknown => (typeof x === 'number' ? Math.sqrt(x) : slow('sqrt', [x])),
  min: function (a?: unknown, b?: unknown): unknown {
    // `arguments` rather than rest parameters: no array is made for two numbers.
    // biome-ignore lint/complexity/noArguments: see above
    if (arguments.length === 2 && typeof a === 'number' && typeof b === 'number') return Math.min(a, b);
    // biome-ignore lint/complexity/noArguments: see above
    return slow('min', [...arguments]);
  },
  max: function (a?: unknown, b?: unknown): unknown {
    // `arguments` rather than rest parameters: no array is made for two numbers.
    // biome-ignore lint/complexity/noArguments: see above
    if (arguments.length === 2 && typeof a === 'number' && typeof b === 'number') return Math.max(a, b);
    // biome-ignore lint/complexity/noArguments: see above
    return slow('max', [...arguments]);
  },
  hypot: (...args: unknown[]): unknown => slow('hypot', args),
  pow: binary('pow'),
  atan2: binary('atan2'),
  imul: binary('imul'),
  sign: unary('sign'),
  cbrt: unary('cbrt'),
  exp: unary('exp'),
  expm1: unary('expm1'),
  log: unary('log'),
  log2: unary('log2'),
  log10: unary('log10'),
  log1p: unary('log1p'),
  sin: unary('sin'),
  cos: unary('cos'),
  tan: unary('tan'),
  asin: unary('asin'),
  acos: unary('acos'),
  atan: unary('atan'),
  sinh: unary('sinh'),
  cosh: unary('cosh'),
  tanh: unary('tanh'),
  asinh: unary('asinh'),
  acosh: unary('acosh'),
  atanh: unary('atanh'),
  fround: unary('fround'),
  clz32: unary('clz32'),
};
