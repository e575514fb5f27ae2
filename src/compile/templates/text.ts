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
