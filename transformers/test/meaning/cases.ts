/** @file Cases of meaning: a small program, an edit, and whether the meaning of its part `f` is still the same. */

export interface MeaningCase {
  readonly name: string;
  /** `app.ts` is prepended with the import of the package. */
  readonly files: Readonly<Record<string, string>>;
  /** New contents; null removes a file. */
  readonly edit: Readonly<Record<string, string | null>>;
  readonly verdict: 'hit' | 're-capture';
}

export const part = "export const f = compileCache('f', (x: Tensor) => g(x));\n";
export const importG = "import { g } from './g.ts';\n";

/** A case whose files are edited by replacing one text. */
export function edited(
  name: string,
  verdict: MeaningCase['verdict'],
  files: Readonly<Record<string, string>>,
  ...edits: readonly [file: string, before: string, after: string][]
): MeaningCase {
  const edit: Record<string, string> = {};
  for (const [file, before, after] of edits) {
    const text = edit[file] ?? files[file] ?? '';
    if (!text.includes(before)) throw new Error(`${name}: ${file} has no ${before}`);
    edit[file] = text.replace(before, after);
  }
  return { name, files, edit, verdict };
}

export const inG = (g: string): Record<string, string> => ({ 'app.ts': importG + part, 'g.ts': g });
