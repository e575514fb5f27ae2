import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Node } from '../ast.ts';
import { Edits } from '../edits.ts';

const place = (text: string, offset: number): { line: number; column: number } => {
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length, column: (lines.at(-1) as string).length };
};

const range = (start: number, end: number): Node => ({ type: 'Identifier', start, end }) as Node;

/** What the map says about the first occurrence of a text in the result. */
function reportedAt(edits: Edits, text: string, ahead = 0): number {
  const rendered = edits.rendered();
  const code = rendered.toString();
  const map = new TraceMap(rendered.map('a.ts').toString());
  const { line, column } = originalPositionFor(map, place(code, code.indexOf(text) + ahead));
  const lines = edits.code.split('\n').slice(0, (line as number) - 1);
  return lines.reduce((sum, { length }) => sum + length + 1, column as number);
}

describe('the text', () => {
  it('nests what is put at one place', () => {
    const edits = new Edits('a b');
    edits.wrap(range(0, 1), '(', ')');
    edits.wrap(range(0, 1), '[', ']');
    edits.replace(0, 1, 'x');
    edits.after(3, ';');
    expect(edits.rendered().toString()).toBe('[(x)] b;');
  });

  it('keeps a keyword apart from what is put before its operand', () => {
    const edits = new Edits('return-x');
    edits.before(6, '__tn.neg(');
    expect(edits.rendered().toString()).toBe('return __tn.neg(-x');
  });

  it('is refused where an edit lies inside a replaced range', () => {
    const edits = new Edits('abc');
    edits.replace(0, 3, 'x');
    edits.before(1, 'y');
    expect(() => edits.rendered()).toThrow('in a replaced range');
  });
});

describe('the map', () => {
  it('leads inserted calls, by their start and by their name, to where they are to be reported', () => {
    const edits = new Edits('x;\nfoo(a)\n  * b;');
    const star = edits.code.indexOf('*');
    edits.before(star - 9, '__tn.mul(');
    edits.replace(star, star + 1, ',');
    edits.after(edits.code.length - 1, ', __tn.late)');
    expect(reportedAt(edits, '__tn.mul')).toBe(3);
    expect(reportedAt(edits, '__tn.mul', 5)).toBe(3);
    expect(reportedAt(edits, ', b')).toBe(star);
    expect(reportedAt(edits, 'b, ')).toBe(star + 2);
    expect(reportedAt(edits, '__tn.late', 5)).toBe(edits.code.length - 1);
    expect(reportedAt(edits, ';', 1 + edits.rendered().toString().indexOf('__tn.late'))).toBe(edits.code.length - 1);
  });

  it('goes on behind line breaks in new text', () => {
    const edits = new Edits('a + b');
    edits.replace(1, 4, '\n__tn.add\n');
    expect(edits.rendered().toString()).toBe('a \n__tn.add\nb');
    expect(reportedAt(edits, '__tn')).toBe(1);
    expect(reportedAt(edits, 'b')).toBe(4);
  });

  it('leads every word of any source back', () => {
    const source = fc
      .array(fc.constantFrom('ab', 'c', '$d', 'é', '𝒳', ' ', '\t', '\n', '\r\n', '+', '(', '"'))
      .map((all) => all.join(''));
    const inserted = fc.constantFrom('', '(', ')', ' ', '\n', '__tn.f(', ' q\n __tn.g(');
    fc.assert(
      fc.property(source, fc.array(fc.tuple(fc.nat(), inserted)), (code, insertions) => {
        const edits = new Edits(code);
        const origins: { at: number; text: string }[] = [];
        for (const [at, text] of insertions) edits.after(at % (code.length + 1), text);
        const byPlace = new Map<number, string>();
        for (const [at, text] of insertions) {
          const offset = at % (code.length + 1);
          byPlace.set(offset, (byPlace.get(offset) ?? '') + text);
        }
        let expected = '';
        for (let at = 0; at <= code.length; at++) {
          expected += byPlace.get(at) ?? '';
          if (
            /[^\s\w$\u0080-\uffff]/.test(code[at] ?? ' ') ||
            (/\w/.test(code[at] ?? '') && !/[\w$\u0080-\uffff]/.test(code[at - 1] ?? ''))
          )
            origins.push({ at: expected.length, text: String(at) });
          expected += code[at] ?? '';
        }
        const rendered = edits.rendered();
        expect(rendered.toString()).toBe(expected);
        const map = new TraceMap(rendered.map('a.ts').toString());
        for (const { at, text } of origins) {
          const { line, column } = originalPositionFor(map, place(expected, at));
          expect({ line, column }).toEqual(place(code, Number(text)));
        }
      }),
      { numRuns: 500 },
    );
  });
});
