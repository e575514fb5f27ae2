/** @file The blocks of a packaged program by name; the engine checks each when it is first asked for. */

import { invariant } from '../core/errors.ts';
import { type PanelLayout, parseLayoutName } from '../dispatch/weights.ts';
import { addressOf } from '../runtime/ffi.ts';
import type { EngineHost, HostBlock } from './host.ts';

/** One form in which a content is stored. */
export interface StoredForm {
  readonly index: number;
  /** `rows`, or the panels' name. */
  readonly layout: string;
}

const weightKind = 1;

export class Payload {
  private readonly host: EngineHost;
  private table: readonly HostBlock[] | null = null;
  private byName: ReadonlyMap<string, number> | null = null;
  private byContent: ReadonlyMap<string, readonly StoredForm[]> | null = null;
  private readonly buffers: ArrayBuffer[] = [];

  constructor(host: EngineHost) {
    this.host = host;
  }

  /** Index of a block, or -1. */
  find(name: string): number {
    this.byName ??= new Map(this.blocks().map((block, index) => [block.name, index]));
    return this.byName.get(name) ?? -1;
  }

  /** The names after a prefix, in the payload's order. */
  namesUnder(prefix: string): string[] {
    return this.blocks()
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name }) => name.slice(prefix.length));
  }

  /** A block's decoded bytes; weights lie in read-only memory. Throws when the block is damaged. */
  bytes(index: number): ArrayBuffer {
    this.buffers[index] ??= this.host.block(index);
    return this.buffers[index];
  }

  address(index: number): number {
    invariant(index >= 0, () => 'a weight is not in the package');
    return addressOf(this.bytes(index));
  }

  json(name: string): unknown {
    const index = this.find(name);
    invariant(index >= 0, () => `the package has no ${name}`);
    const bytes = this.bytes(index);
    return JSON.parse(this.host.utf8Decode(bytes, 0, bytes.byteLength, true));
  }

  /** The forms in which bytes of this sha256 are stored. */
  formsOf(content: string): readonly StoredForm[] {
    this.byContent ??= this.indexContents();
    return this.byContent.get(content) ?? [];
  }

  private blocks(): readonly HostBlock[] {
    this.table ??= this.host.blocks();
    return this.table;
  }

  private indexContents(): Map<string, StoredForm[]> {
    const forms = new Map<string, StoredForm[]>();
    this.blocks().forEach(({ name, kind }, index) => {
      const slash = name.indexOf('/');
      if (kind !== weightKind || slash < 0) return;
      const content = name.slice(0, slash);
      const form = { index, layout: name.slice(slash + 1) };
      const known = forms.get(content);
      if (known) known.push(form);
      else forms.set(content, [form]);
    });
    return forms;
  }
}

/** The form of a content that is stored row by row, or in panels that hold all of its `count` elements unrounded. */
export function wholeForm(forms: readonly StoredForm[], count: number): StoredForm | null {
  const rows = forms.find(({ layout }) => layout === 'rows');
  if (rows) return rows;
  return (
    forms.find(({ layout: text }) => {
      const layout = parseLayoutName(text)?.layout;
      return (
        layout?.kind === 'panels16' && layout.element === undefined && layout.offset === 0 && isDense(layout, count)
      );
    }) ?? null
  );
}

/** Whether the panels hold each of `count` elements exactly once. */
function isDense({ n, k1, k0, strideN, strideK1, strideK0 }: PanelLayout, count: number): boolean {
  const axes = [
    { size: n, stride: strideN },
    { size: k1, stride: strideK1 },
    { size: k0, stride: strideK0 },
  ].filter(({ size }) => size !== 1);
  let covered = 1;
  for (const { size, stride } of axes.sort((a, b) => a.stride - b.stride)) {
    if (stride !== covered) return false;
    covered *= size;
  }
  return covered === count;
}
