/** @file What is known of one file by itself: its units (top-level declarations and statements), imports and exports. */

/** A module-level name that code uses; `member` when it is used as `name.member` and `name` is a namespace. */
export interface Read {
  readonly name: string;
  readonly member: string | null;
}

/** Where a value that is changed may come from. */
export type Root =
  /** The value of a module-level name. */
  | { readonly kind: 'value'; readonly name: string; readonly member: string | null }
  /** What a call of it returns. */
  | { readonly kind: 'result'; readonly name: string; readonly member: string | null }
  /** What `import('…')` or `require('…')` gives. */
  | { readonly kind: 'file'; readonly specifier: string };

/** What code may change. */
export interface Effects {
  readonly roots: readonly Root[];
  /** It changes what everybody sees (`globalThis.x = …`, `Array.prototype.y = …`), or something that cannot be told. */
  readonly everything: boolean;
}

/** A top-level declaration or statement. */
export interface Unit {
  /** The module-level names that it declares; none for a statement. */
  readonly names: readonly string[];
  /** What to call it in messages. */
  readonly label: string;
  readonly line: number;
  readonly start: number;
  readonly end: number;
  /** sha256 (hex) of its canonical text. */
  readonly hash: string;
  /** What its code uses, in order. */
  readonly reads: readonly Read[];
  /** What its code uses when the file is loaded. */
  readonly loadReads: readonly Read[];
  /** Literal `import('…')` and `require('…')`. */
  readonly lazy: readonly string[];
  /** It makes code of text: nothing can be said about what that reaches. */
  readonly evaluates: boolean;
  /** Functions are called when the file is loaded. */
  readonly runs: boolean;
  /** What loading the file may change, and what functions of the unit may change when they are called. */
  readonly loadEffects: Effects;
  readonly bodyEffects: Effects;
  /** Module-level variables that its functions assign to. */
  readonly assigns: readonly string[];
  /** What the value holds, and what a call of it returns. */
  readonly values: readonly Root[];
  readonly returns: readonly Root[];
  /** The declared value is a compiled part: calling it changes nothing that is not known. */
  readonly isPart: boolean;
  /** The declared value can never be changed: a primitive constant. */
  readonly isPrimitive: boolean;
}

export type Export =
  | { readonly kind: 'local'; readonly name: string }
  | { readonly kind: 'from'; readonly source: string; readonly name: string };

export interface FileFacts {
  /** sha256 (hex) of the whole: canonical for a script, of the bytes for anything else. */
  readonly hash: string;
  /** Null for what is no script, or does not parse: it counts by its bytes. */
  readonly module: ModuleFacts | null;
  /** Every specifier that names another file, types included, in order. */
  readonly specifiers: readonly string[];
  /** Those among them that are only named by types. */
  readonly typeSpecifiers: readonly string[];
}

export interface ModuleFacts {
  readonly units: readonly Unit[];
  /** Units by the names that they declare. */
  readonly names: ReadonlyMap<string, readonly number[]>;
  readonly imports: ReadonlyMap<string, { readonly source: string; readonly name: string }>;
  readonly exports: ReadonlyMap<string, Export>;
  /** `export * from '…'`. */
  readonly stars: readonly string[];
  /** What is loaded with the file, in order, and what may be loaded later. */
  readonly loaded: readonly string[];
  readonly lazy: readonly string[];
  /** `import '…'`. */
  readonly bare: readonly string[];
}

/** A key that tells roots apart. */
export function rootKey(root: Root): string {
  return root.kind === 'file' ? `file ${root.specifier}` : `${root.kind} ${root.name} ${root.member ?? ''}`;
}
