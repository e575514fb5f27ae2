/** @file Makes scalar expressions, each distinct one once, so that identity is equality; folds what is plainly constant. */

import type { DType } from '../../core/dtype.ts';
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf } from '../../core/half.ts';
import type { ScalarOp } from '../../ops/record.ts';
import { constValue, type Expr } from '../../symbolic/expr.ts';
import type { WeightLayout } from '../part.ts';
import type { Buffer, Indirect, LoopNode, ScalarNode } from './ir.ts';
import type { IndexSpace } from './space.ts';

type Shape<T> = T extends unknown ? Omit<T, 'id' | 'scalar' | 'dtype'> : never;

const predicates: ReadonlySet<ScalarOp> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'isNan', 'isInf']);

export class Scalars {
  readonly indirects = new Map<string, Indirect>();
  private readonly table = new Map<string, ScalarNode>();
  private readonly space: IndexSpace;

  constructor(space: IndexSpace) {
    this.space = space;
  }

  private make(key: string, dtype: DType, shape: Shape<ScalarNode>): ScalarNode {
    const fullKey = `${dtype} ${key}`;
    let node = this.table.get(fullKey);
    if (!node) {
      node = { ...shape, id: this.table.size, scalar: true, dtype } as ScalarNode;
      this.table.set(fullKey, node);
    }
    return node;
  }

  constant(value: number | bigint | boolean, dtype: DType): ScalarNode {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return this.make(`= ${text}`, dtype, { kind: 'constant', value });
  }

  symbolic(text: string, dtype: DType, toC: (nameOf: (symbol: string) => string) => string): ScalarNode {
    return this.make(`symbolic ${text}`, dtype, { kind: 'symbolic', toC, text });
  }

  index(expr: Expr, dtype: DType): ScalarNode {
    const simple = this.space.simplify(expr);
    const value = constValue(simple);
    if (value !== null) return this.constant(value, dtype);
    return this.make(`index ${simple.key}`, dtype, { kind: 'index', expr: simple });
  }

  load(tensor: LoopNode, index: readonly Expr[]): ScalarNode {
    const simple = index.map((e) => this.space.simplify(e));
    return this.make(`load ${tensor.id} ${simple.map((e) => e.key).join(';')}`, tensor.dtype, {
      kind: 'load',
      tensor,
      index: simple,
    });
  }

  memory(buffer: Buffer, offset: Expr, layout: WeightLayout | null = null): ScalarNode {
    const simple = this.space.simplify(offset);
    return this.make(`memory ${buffer.id} ${layout ? JSON.stringify(layout) : ''} ${simple.key}`, buffer.dtype, {
      kind: 'memory',
      buffer,
      offset: simple,
      layout,
    });
  }

  produced(slot: number, dtype: DType): ScalarNode {
    return this.make(`produced ${slot}`, dtype, { kind: 'produced', slot });
  }

  op(op: ScalarOp, args: readonly ScalarNode[]): ScalarNode {
    const dtype = predicates.has(op) ? 'bool' : args[0].dtype;
    return this.make(`${op} ${args.map((arg) => arg.id).join(' ')}`, dtype, { kind: 'op', op, args });
  }

  cast(arg: ScalarNode, dtype: DType): ScalarNode {
    if (arg.dtype === dtype) return arg;
    if (arg.kind === 'index' && (dtype === 'int64' || dtype === 'float64')) return this.index(arg.expr, dtype);
    // A half value widened and rounded back is itself.
    if (arg.kind === 'cast' && arg.arg.dtype === dtype && widens(dtype, arg.dtype)) return arg.arg;
    const folded = arg.kind === 'constant' ? foldCast(arg.value, dtype) : null;
    if (folded !== null) return this.constant(folded, dtype);
    return this.make(`cast ${arg.id}`, dtype, { kind: 'cast', arg });
  }

  select(condition: ScalarNode, whenTrue: ScalarNode, whenFalse: ScalarNode): ScalarNode {
    if (condition.kind === 'constant') return condition.value ? whenTrue : whenFalse;
    if (whenTrue === whenFalse) return whenTrue;
    return this.make(`select ${condition.id} ${whenTrue.id} ${whenFalse.id}`, whenTrue.dtype, {
      kind: 'select',
      condition,
      whenTrue,
      whenFalse,
    });
  }

  less(a: Expr, b: Expr): ScalarNode {
    const left = this.space.simplify(a);
    const right = this.space.simplify(b);
    const known = this.space.less(left, right);
    if (known !== undefined) return this.constant(known, 'bool');
    return this.make(`less ${left.key};${right.key}`, 'bool', { kind: 'less', left, right });
  }

  /** The symbol of a value used as an index into an axis of size `limit`. */
  indirect(value: ScalarNode, limit: Expr, what: string): Expr {
    const name = this.space.indirectName(`${value.id};${limit.key};${what}`);
    this.space.declare(name, limit);
    if (!this.indirects.has(name)) this.indirects.set(name, { symbol: name, value, limit, what });
    return this.space.variable(name);
  }
}

function widens(from: DType, to: DType): boolean {
  return (from === 'float16' || from === 'bfloat16') && (to === 'float32' || to === 'float64');
}

/** A constant as a floating dtype; null for the others, whose wrapping C does as well. */
function foldCast(value: number | bigint | boolean, dtype: DType): number | null {
  const number = Number(value);
  switch (dtype) {
    case 'float64':
      return number;
    case 'float32':
      return Math.fround(number);
    case 'float16':
      return halfToNumber(numberToHalf(number));
    case 'bfloat16':
      return bfloat16ToNumber(numberToBfloat16(number));
    default:
      return null;
  }
}
