/** @file Small helpers for building C text. */
import type { KernelContext, PreludeName } from './types.ts';

/** Indents each non-empty line but preprocessor lines. */
export function indent(text: string, by: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' || line.startsWith('#') ? line : by + line))
    .join('\n');
}

/** 0 … n-1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

/** A C size as an expression: parenthesised unless it is a number or a name. */
export function expression(value: string | number): string {
  const text = String(value);
  return /^\w+$/.test(text) ? text : `(${text})`;
}

/** The value of a size that is a number in the text, else undefined. */
export function staticValue(value: string | number): number | undefined {
  const text = String(value).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Comment and signature of the kernel, then the caller's setup; the body and the closing brace follow. */
export function kernelHead(ctx: KernelContext, fallbackComment: string): string {
  const setup = ctx.setup === undefined || ctx.setup.trim() === '' ? '' : indent(ctx.setup.trimEnd(), '  ') + '\n';
  return `/* ${commentText(ctx.comment ?? fallbackComment)} */
void ${ctx.functionName}(void *const *b, const int64_t *d, const tn_thread *t) {
  (void)b, (void)d, (void)t;
${setup}`;
}

/** Text that cannot end a C comment. */
export function commentText(text: string): string {
  return text.replaceAll('*/', '* /').replaceAll('\n', ' ');
}

/** The caller's prelude names and the template's own, each once. */
export function mergeUses(ctx: KernelContext, own: readonly PreludeName[]): PreludeName[] {
  return [...new Set([...own, ...(ctx.uses ?? [])])];
}

/** ceil(size / by) as C text, a number where the size is one. */
export function ceilDivided(size: string | number, by: number): string {
  const known = staticValue(size);
  return known === undefined ? `(((int64_t)${expression(size)} + ${by - 1}) / ${by})` : String(Math.ceil(known / by));
}

/**
 * Lines of a loop that runs `step` from `k` below `limit`, several at a time: each of a round has accumulators of its own,
 * `round` says which, and what is left takes those of the first. Declares `k`.
 */
export function unrolledLoop(limit: string, rounds: number, step: (round: number, k: string) => string[]): string[] {
  const nested = (lines: readonly string[]): string[] => lines.map((line) => '    ' + line);
  return [
    `  int64_t k = 0;`,
    `  for (; k + ${rounds} <= ${limit}; k += ${rounds}) {`,
    ...range(rounds).flatMap((round) => nested(step(round, round === 0 ? 'k' : `(k + ${round})`))),
    `  }`,
    ...range(rounds - 1).flatMap((round) => [`  if (k < ${limit}) {`, ...nested(step(round, 'k')), `    k++;`, `  }`]),
  ];
}
