/** @file Scalar expressions as C statements: each shared value once, in the innermost block where it is used. */

import { type DType, isFloat } from '../../core/dtype.ts';
import { numberToBfloat16, numberToHalf } from '../../core/half.ts';
import { type Expr, freeSymbols } from '../../symbolic/expr.ts';
import type { ScalarNode } from '../lower/ir.ts';
import { isLoopSymbol } from '../lower/space.ts';
import { cTypes, literal } from './ctypes.ts';
import { castText, operationText } from './operations.ts';
import type { KernelScope } from './scope.ts';

export class Writer {
  readonly scope: KernelScope;
  readonly lines: string[] = [];
  private depth: number;
  /** C text of the values that the kernel around provides. */
  private readonly produced: readonly string[];
  private readonly blocks: Map<ScalarNode | string, string>[] = [new Map()];

  constructor(scope: KernelScope, depth: number, produced: readonly string[] = []) {
    this.scope = scope;
    this.depth = depth;
    this.produced = produced;
  }

  line(text: string): void {
    this.lines.push(text.startsWith('#') ? text : '  '.repeat(this.depth) + text);
  }

  open(text: string): void {
    this.line(text);
    this.depth++;
    this.blocks.push(new Map());
  }

  close(text = '}'): void {
    this.blocks.pop();
    this.depth--;
    this.line(text);
  }

  private known(key: ScalarNode | string): string | undefined {
    for (let i = this.blocks.length - 1; i >= 0; i--) {
      const text = this.blocks[i].get(key);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  private declare(key: ScalarNode | string, type: string, text: string): string {
    const name = this.scope.temporary();
    this.line(`const ${type} ${name} = ${text};`);
    this.blocks.at(-1)!.set(key, name);
    return name;
  }

  /** A C expression without side effects: a name, a literal or a call on such. */
  value(scalar: ScalarNode): string {
    const known = this.known(scalar);
    if (known !== undefined) return known;
    switch (scalar.kind) {
      case 'constant':
        return literal(scalar.value, scalar.dtype);
      case 'symbolic':
        return this.declare(scalar, 'double', scalar.toC(this.scope.nameOf));
      case 'produced':
        return this.produced[scalar.slot];
      case 'index':
        return this.declare(scalar, cTypes[scalar.dtype].local, castIndex(this.expr(scalar.expr), scalar.dtype));
      case 'memory': {
        const pointer = this.scope.pointer(scalar.buffer, 'read', scalar.layout ?? undefined);
        return this.declare(
          scalar,
          cTypes[scalar.dtype].local,
          this.widened(`${pointer}[${this.expr(scalar.offset)}]`, scalar.dtype),
        );
      }
      case 'op': {
        const args = scalar.args.map((arg) => this.value(arg));
        const text = operationText(this.scope, scalar.op, args, scalar.args[0].dtype);
        return this.declare(scalar, cTypes[scalar.dtype].local, text);
      }
      case 'cast':
        return this.declare(
          scalar,
          cTypes[scalar.dtype].local,
          castText(this.scope, this.value(scalar.arg), scalar.arg.dtype, scalar.dtype),
        );
      case 'less':
        return this.declare(scalar, 'int', `${this.operand(scalar.left)} < ${this.operand(scalar.right)}`);
      case 'select':
        return this.select(scalar);
      case 'load':
        throw new Error(`internal: load of ${scalar.tensor.name} is not inlined`);
    }
  }

  private operand(e: Expr): string {
    const text = this.expr(e);
    return /^[\w$]+$/.test(text) ? text : `(${text})`;
  }

  private select(scalar: ScalarNode & { readonly kind: 'select' }): string {
    const condition = this.value(scalar.condition);
    const type = cTypes[scalar.dtype].local;
    const safe = (branch: ScalarNode): boolean => this.known(branch) !== undefined || isCheap(branch);
    if (safe(scalar.whenTrue) && safe(scalar.whenFalse)) {
      const text = `${condition} ? ${this.value(scalar.whenTrue)} : ${this.value(scalar.whenFalse)}`;
      return this.declare(scalar, type, text);
    }
    const name = this.scope.temporary();
    this.line(`${type} ${name};`);
    this.open(`if (${condition}) {`);
    this.line(`${name} = ${this.value(scalar.whenTrue)};`);
    this.close('} else {');
    this.depth++;
    this.blocks.push(new Map());
    this.line(`${name} = ${this.value(scalar.whenFalse)};`);
    this.close();
    this.blocks.at(-1)!.set(scalar, name);
    return name;
  }

  /** C text of an index; values read from tensors are checked on the way. */
  expr(e: Expr): string {
    for (const symbol of freeSymbols(e)) {
      if (isLoopSymbol(symbol)) this.bindIndirect(symbol);
    }
    return this.scope.expr(e);
  }

  private bindIndirect(symbol: string): void {
    const indirect = this.scope.lowering.scalars.indirects.get(symbol);
    if (!indirect) return;
    let name = this.known(symbol);
    if (name === undefined) {
      const value = this.value(indirect.value);
      const limit = this.expr(indirect.limit);
      this.scope.helpers.add('tn_index');
      name = this.declare(symbol, 'int64_t', `tn_index(t, ${value}, ${limit})`);
    }
    this.scope.bind(this.scope.lowering.space.variable(symbol), name);
  }

  private widened(text: string, dtype: DType): string {
    if (dtype === 'float16') return this.call('tn_f16_to_f32', text);
    if (dtype === 'bfloat16') return this.call('tn_bf16_to_f32', text);
    return dtype === 'bool' ? `${text} != 0` : text;
  }

  private call(name: 'tn_f16_to_f32' | 'tn_bf16_to_f32' | 'tn_f32_to_f16' | 'tn_f32_to_bf16', text: string): string {
    this.scope.uses.add(name);
    return `${name}(${text})`;
  }

  /** What is stored for a scalar: half types as their bits. A rounding just before the store is done once. */
  storedText(scalar: ScalarNode): string {
    if (scalar.dtype !== 'float16' && scalar.dtype !== 'bfloat16') return this.value(scalar);
    const name = scalar.dtype === 'float16' ? 'tn_f32_to_f16' : 'tn_f32_to_bf16';
    if (scalar.kind === 'constant') {
      const bits =
        scalar.dtype === 'float16' ? numberToHalf(Number(scalar.value)) : numberToBfloat16(Number(scalar.value));
      return `0x${bits.toString(16)}`;
    }
    return this.call(name, this.value(storedSource(scalar)));
  }
}

/** What is rounded at a store: the last rounding to a half type is the store's own. */
export function storedSource(scalar: ScalarNode): ScalarNode {
  const half = scalar.dtype === 'float16' || scalar.dtype === 'bfloat16';
  return half && scalar.kind === 'cast' && scalar.arg.dtype === 'float32' ? scalar.arg : scalar;
}

function castIndex(text: string, dtype: DType): string {
  return dtype === 'int64' ? text : `(${cTypes[dtype].local})(${text})`;
}

/** Constants and arithmetic on them: nothing that a branch has to guard. */
function isCheap(scalar: ScalarNode): boolean {
  switch (scalar.kind) {
    case 'constant':
    case 'produced':
      return true;
    case 'cast':
      return isCheap(scalar.arg);
    case 'op':
      return isFloat(scalar.args[0].dtype) && scalar.args.every(isCheap);
    default:
      return false;
  }
}
