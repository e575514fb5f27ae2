/** @file What a kernel's text may name: its buffers, the dims, loop variables; and what it turns out to need. */

import { exprToC } from '../../symbolic/cText.ts';
import type { Expr } from '../../symbolic/expr.ts';
import { boundsOf, type DimRange } from '../../symbolic/range.ts';
import type { Lowering } from '../lower/builder.ts';
import type { Buffer } from '../lower/ir.ts';
import { isLoopSymbol } from '../lower/space.ts';
import type { WeightLayout } from '../part.ts';
import type { IsaFacts, PreludeName } from '../templates/types.ts';
import { cTypes } from './ctypes.ts';
import { identifier, NameTable } from './names.ts';

const rowsLayout: WeightLayout = { kind: 'rows' };

export interface BufferSlot {
  readonly buffer: Buffer;
  /** How the bytes are laid out: another layout of the same parameter is another address. */
  readonly layout: WeightLayout;
  readonly name: string;
  reads: boolean;
  writes: boolean;
}

/** Rounded elements are read as words of several, whatever the tensor holds. */
function storedType({ buffer, layout }: BufferSlot): string {
  const rounded = layout.kind === 'panels16' && layout.element !== undefined;
  return rounded ? 'uint32_t' : cTypes[buffer.dtype].stored;
}

export class KernelScope {
  readonly lowering: Lowering;
  readonly isa: IsaFacts;
  /** In the artifact's order. */
  readonly dims: readonly string[];
  readonly slots: BufferSlot[] = [];
  readonly uses = new Set<PreludeName>();
  /** Static C functions of ours that the text calls, see `helpers.ts`. */
  readonly helpers = new Set<string>();
  private readonly names = new NameTable();
  private readonly dimNames = new Map<string, string>();
  private readonly usedDims = new Set<string>();
  private readonly loopNames = new Map<string, string>();
  private temporaries = 0;

  constructor(lowering: Lowering, isa: IsaFacts, dims: readonly string[]) {
    this.lowering = lowering;
    this.isa = isa;
    this.dims = dims;
    for (const dim of dims) this.dimNames.set(dim, this.names.take(identifier(dim)));
  }

  /** The local name of a buffer's first element. */
  pointer(buffer: Buffer, access: 'read' | 'write', layout: WeightLayout = rowsLayout): string {
    const key = JSON.stringify(layout);
    let slot = this.slots.find((s) => s.buffer === buffer && JSON.stringify(s.layout) === key);
    if (!slot) {
      slot = { buffer, layout, name: this.names.take(this.wantedName(buffer, access)), reads: false, writes: false };
      this.slots.push(slot);
    }
    if (access === 'read') slot.reads = true;
    else slot.writes = true;
    return slot.name;
  }

  /** Equal kernels of different layers must read the same, so names say the role, not the value. */
  private wantedName(buffer: Buffer, access: 'read' | 'write'): string {
    if (access === 'write') return 'out';
    if (buffer.place.kind !== 'parameter')
      return ['x', 'y', 'z'].find((name) => !this.slots.some((s) => s.name === name)) ?? 'x';
    const last =
      buffer.name
        .split(/[._]/)
        .filter((part) => /^[A-Za-z]/.test(part))
        .at(-1) ?? 'weight';
    return identifier(last);
  }

  temporary(): string {
    return `v${this.temporaries++}`;
  }

  /** Names from v0 again: the text is rendered anew. */
  resetTemporaries(): void {
    this.temporaries = 0;
  }

  /** Gives a loop variable (a symbol of the index space) its C name. */
  bind(variable: Expr, name: string): void {
    this.loopNames.set(variable.key, name);
  }

  isBound(symbol: string): boolean {
    return !isLoopSymbol(symbol) || this.loopNames.has(symbol);
  }

  nameOf = (symbol: string): string => {
    if (isLoopSymbol(symbol)) {
      const name = this.loopNames.get(symbol);
      if (!name) throw new Error(`internal: loop variable ${symbol} is not bound`);
      return name;
    }
    const name = this.dimNames.get(symbol);
    if (!name) throw new Error(`internal: dim ${symbol} has no source`);
    this.usedDims.add(symbol);
    return name;
  };

  /** C text of an index expression, int64_t. */
  expr(e: Expr): string {
    const { space } = this.lowering;
    const simple = space.simplify(e);
    const ranges = new Map<string, DimRange>(space.ranges);
    for (const name of this.loopNames.keys()) {
      const extent = boundsOf(space.extentOf(name), space.ranges);
      ranges.set(name, { min: 0, max: Math.max(0, extent.max - 1), multipleOf: 1 });
    }
    return exprToC(simple, this.nameOf, ranges);
  }

  /** The same, parenthesised where it is no single word. */
  factor(e: Expr): string {
    const text = this.expr(e);
    return /^\w+$/.test(text) ? text : `(${text})`;
  }

  /** Declarations at the head of the kernel. */
  setup(): string[] {
    const lines: string[] = [];
    this.dims.forEach((dim, i) => {
      if (this.usedDims.has(dim)) lines.push(`const int64_t ${this.dimNames.get(dim)} = d[${i}];`);
    });
    this.slots.forEach((slot, i) => {
      const type = storedType(slot);
      if (slot.writes) lines.push(`${type} *${slot.reads ? '' : 'restrict '}const ${slot.name} = b[${i}];`);
      else lines.push(`const ${type} *restrict const ${slot.name} = b[${i}];`);
    });
    return lines;
  }
}
