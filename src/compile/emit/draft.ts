/** @file A kernel as emitted, before it has a name: equal drafts become one C function. */

import { formatLocation } from '../../core/location.ts';
import type { Expr } from '../../symbolic/expr.ts';
import type { Kernel } from '../fuse/kernels.ts';
import { byPosition } from '../fuse/scatters.ts';
import type { LoopNode } from '../lower/ir.ts';
import { prelude } from '../templates/prelude.ts';
import type { KernelSource } from '../templates/types.ts';
import { helperText } from './helpers.ts';
import type { KernelScope } from './scope.ts';
import type { Traffic } from './traffic.ts';

export interface KernelDraft {
  readonly kernel: Kernel;
  /** What it computes, in program order. */
  readonly nodes: readonly LoopNode[];
  readonly scope: KernelScope;
  /** `add_gelu`: for the function's name. */
  readonly label: string;
  /** What the kernel was made with. */
  readonly template: string;
  readonly traffic: readonly Traffic[];
  /** Rough nanoseconds on one core. */
  readonly work: Expr;
  /** C expressions of the bytes of scratch that each thread needs, over the dims' names. */
  readonly scratch: readonly string[];
  /** Static helpers and the function itself, under this name. */
  render(functionName: string): { readonly text: string; readonly uses: KernelSource['uses'] };
}

/** The kernel function of plain loops. */
export function renderLoops(scope: KernelScope, body: readonly string[], functionName: string): string {
  const lines = [`void ${functionName}(void *const *b, const int64_t *d, const tn_thread *t) {`];
  for (const line of scope.setup()) lines.push(`  ${line}`);
  const text = [...scope.setup(), ...body].join('\n');
  if (!/\bd\[/.test(text)) lines.push('  (void)d;');
  if (!/\bb\[/.test(text)) lines.push('  (void)b;');
  if (!/\bt\b/.test(text)) lines.push('  (void)t;');
  lines.push(...body, '}');
  return lines.join('\n');
}

/** One C file: the kernel with what it needs. */
export function renderFile(draft: KernelDraft, functionName: string): string {
  const { text, uses } = draft.render(functionName);
  const { scope } = draft;
  const pre = prelude(new Set([...uses, ...scope.uses]), scope.isa);
  const parts = [
    '#include "tn_runtime.h"',
    `#define ${functionName} TN_PREFIX(${functionName})`,
    '',
    `void ${functionName}(void *const *b, const int64_t *d, const tn_thread *t);`,
    '',
  ];
  if (pre) parts.push(pre);
  const helpers = helperText(scope.helpers);
  if (helpers) parts.push(helpers);
  parts.push(`/* ${describe(draft)} */`, text, '');
  return parts.join('\n');
}

/** `add at f (model.ts:12:9), mul at f (model.ts:12:14)`. */
export function describe(draft: KernelDraft): string {
  const parts = draft.nodes.map((node) => (node.location ? `${node.op} at ${formatLocation(node.location)}` : node.op));
  return [...new Set(parts)].join(', ').replaceAll('*/', '* /');
}

/** The nodes that a kernel computes, in program order: its root, what is inlined, what is stored. */
export function kernelNodes(kernel: Kernel, inlined: Iterable<LoopNode>): LoopNode[] {
  const nodes = new Set([...inlined].filter((node) => node.definition.kind === 'pointwise'));
  if (kernel.root) nodes.add(kernel.root);
  for (const { node } of kernel.stores) if (node.definition.kind !== 'view' || nodes.size === 0) nodes.add(node);
  return [...nodes].sort(byPosition);
}

/** `linear_gelu`: the first ops, each once. */
export function labelOf(nodes: readonly LoopNode[]): string {
  const ops = nodes.map((node) => node.op.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, ''));
  return [...new Set(ops)].slice(0, 4).join('_') || 'kernel';
}
