/** @file Values as text, laid out as Node's `util.inspect` and `console.log` lay them out. */

export interface InspectOptions {
  /** Levels of objects that are opened; null: all. Default 2. */
  readonly depth?: number | null;
  /** Characters a line. Default 80. */
  readonly breakLength?: number;
  /** Inner levels that may stand on one line; false: none. Default 3. */
  readonly compact?: number | boolean;
  readonly maxArrayLength?: number | null;
  readonly maxStringLength?: number | null;
  readonly sorted?: boolean;
}

/** What `Symbol.for('nodejs.util.inspect.custom')` methods get. */
type CustomInspect = (depth: number, options: object, inspect: typeof inspectValue) => unknown;
const custom = Symbol.for('nodejs.util.inspect.custom');

class Inspector {
  readonly depth: number;
  readonly breakLength: number;
  readonly compact: number;
  readonly maxItems: number;
  readonly maxText: number;
  readonly sorted: boolean;
  /** The column that inner lines begin at. */
  indentation = 0;
  /** The level of the object that was opened last. */
  private level = 0;
  private readonly open: object[] = [];
  private readonly circular = new Map<object, number>();

  constructor(options: InspectOptions) {
    this.depth = options.depth === null ? Number.POSITIVE_INFINITY : (options.depth ?? 2);
    this.breakLength = options.breakLength ?? 80;
    this.compact = options.compact === false ? 0 : typeof options.compact === 'number' ? options.compact : 3;
    this.maxItems = options.maxArrayLength === null ? Number.POSITIVE_INFINITY : (options.maxArrayLength ?? 100);
    this.maxText = options.maxStringLength === null ? Number.POSITIVE_INFINITY : (options.maxStringLength ?? 10_000);
    this.sorted = options.sorted ?? false;
  }

  value(value: unknown, level: number): string {
    if (typeof value === 'string') return this.string(value);
    if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
    if (typeof value === 'bigint') return `${value}n`;
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return String(value);
    const written = (value as { [custom]?: unknown })[custom];
    if (typeof written === 'function' && written !== inspectValue) {
      const text = (written as CustomInspect).call(value, this.depth - level, this.options(level), inspectValue);
      if (text !== value) {
        if (typeof text === 'string') return text.replaceAll('\n', `\n${' '.repeat(this.indentation)}`);
        return this.value(text, level);
      }
    }
    if (this.open.includes(value)) {
      if (!this.circular.has(value)) this.circular.set(value, this.circular.size + 1);
      return `[Circular *${this.circular.get(value)}]`;
    }
    return this.object(value, level);
  }

  private options(level: number): object {
    return { depth: this.depth - level, breakLength: this.breakLength, compact: this.compact, stylize: String };
  }

  private string(text: string): string {
    const shown = text.length > this.maxText ? text.slice(0, this.maxText) : text;
    const left = text.length - shown.length;
    const trailer = left > 0 ? `... ${left} more character${left > 1 ? 's' : ''}` : '';
    if (shown.length <= 16 || shown.length <= this.breakLength - this.indentation - 4) return quoted(shown) + trailer;
    const lines = shown.split(/(?<=\n)/).map(quoted);
    return lines.join(` +\n${' '.repeat(this.indentation + 2)}`) + trailer;
  }

  private object(value: object, level: number): string {
    const shape = this.shapeOf(value);
    const keys = this.keysOf(value, shape.isList);
    if (shape.base !== '' && keys.length === 0 && !shape.items) return shape.base;
    if (level > this.depth) return `[${shape.name}]`;
    this.open.push(value);
    this.level = level;
    const output = this.items(value, shape, level + 1);
    for (const key of keys) output.push(this.property(value, key, level + 1));
    this.open.pop();
    const reference = this.circular.get(value);
    let [opening, closing] = shape.braces;
    let { base } = shape;
    if (reference !== undefined) {
      if (base === '') opening = `<ref *${reference}> ${opening}`;
      else base = `<ref *${reference}> ${base}`;
    }
    if (output.length === 0 && base === '') return `${opening}${closing}`;
    if (this.sorted && !shape.isList) output.sort();
    return this.lines(output, base, [opening, closing], shape.isList ? value : null, level);
  }

  private shapeOf(value: object): Shape {
    const name = constructorName(value);
    const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    const suffix = typeof tag === 'string' && tag !== '' && tag !== name ? ` [${tag}]` : '';
    const shape = (base: string, opening: string, closing: string, items: Shape['items'], isList = false): Shape => ({
      base,
      braces: [opening, closing],
      items,
      isList,
      name: `${name ?? 'Object: null prototype'}${suffix}`,
    });
    if (Array.isArray(value)) {
      const prefix = name === 'Array' && suffix === '' ? '' : `${name}(${value.length})${suffix} `;
      return shape('', `${prefix}[`, ']', 'array', true);
    }
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      const { length } = value as unknown as ArrayLike<number>;
      return shape('', `${name}(${length}) [`, ']', 'array', true);
    }
    if (value instanceof Set) return shape('', `${name}(${value.size}) {`, '}', 'set');
    if (value instanceof Map) return shape('', `${name}(${value.size}) {`, '}', 'map');
    if (typeof value === 'function') return shape(functionText(value, name), '{', '}', null);
    if (value instanceof RegExp) return shape(String(value), '{', '}', null);
    if (value instanceof Date)
      return shape(Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString(), '{', '}', null);
    if (value instanceof Error) return shape(this.errorText(value), '{', '}', null);
    if (value instanceof Promise) return shape('', 'Promise {', '}', 'promise');
    const plain = name === 'Object' && suffix === '';
    const prefix = name === null ? `[Object: null prototype]${suffix} ` : plain ? '' : `${name}${suffix} `;
    return shape('', `${prefix}{`, '}', null);
  }

  private errorText(error: Error): string {
    const stack = typeof error.stack === 'string' && error.stack !== '' ? error.stack : '';
    const headed = stack.startsWith(String(error)) ? stack : `${String(error)}${stack === '' ? '' : `\n${stack}`}`;
    const text = headed.trimEnd();
    if (stack === '') return `[${text}]`;
    return text.replaceAll('\n', `\n${' '.repeat(this.indentation)}`);
  }

  private keysOf(value: object, isList: boolean): (string | symbol)[] {
    const names = Object.keys(value).filter((key) => !isList || !/^(?:0|[1-9]\d*)$/.test(key));
    const symbols = Object.getOwnPropertySymbols(value).filter((key) =>
      Object.prototype.propertyIsEnumerable.call(value, key),
    );
    const all: (string | symbol)[] = [...names, ...symbols];
    // What the text of an error says already.
    return value instanceof Error ? all.filter((key) => key !== 'stack' && key !== 'message') : all;
  }

  private items(value: object, { items }: Shape, level: number): string[] {
    switch (items) {
      case 'array':
        return this.arrayItems(value as ArrayLike<unknown>, level);
      case 'set':
        return this.indented(() => this.limited([...(value as Set<unknown>)], (item) => this.value(item, level)));
      case 'map':
        return this.indented(() =>
          this.limited(
            [...(value as Map<unknown, unknown>)],
            ([key, item]) => `${this.value(key, level)} => ${this.value(item, level)}`,
          ),
        );
      default:
        return [];
    }
  }

  private limited<T>(items: readonly T[], text: (item: T) => string): string[] {
    const shown = items.slice(0, this.maxItems).map(text);
    const left = items.length - shown.length;
    return left > 0 ? [...shown, more(left)] : shown;
  }

  private indented<T>(make: () => T): T {
    this.indentation += 2;
    const made = make();
    this.indentation -= 2;
    return made;
  }

  private arrayItems(list: ArrayLike<unknown>, level: number): string[] {
    const output: string[] = [];
    let at = 0;
    while (at < list.length && output.length < this.maxItems) {
      const first = at;
      while (at < list.length && !(at in list)) at++;
      if (at > first) output.push(`<${at - first} empty item${at - first > 1 ? 's' : ''}>`);
      else output.push(this.indented(() => this.value(list[at++], level)));
    }
    if (at < list.length) output.push(more(list.length - at));
    return output;
  }

  private property(holder: object, key: string | symbol, level: number): string {
    const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key) ?? {};
    const shown = typeof key === 'symbol' ? `[${String(key)}]` : isPlainName(key) ? key : quoted(key);
    if (get || set) return `${shown}: [${[...(get ? ['Getter'] : []), ...(set ? ['Setter'] : [])].join('/')}]`;
    return `${shown}: ${this.indented(() => this.value(value, level))}`;
  }

  /** Entries beside each other where they fit, else a line each. */
  private lines(
    given: string[],
    base: string,
    [opening, closing]: readonly [string, string],
    list: object | null,
    level: number,
  ): string {
    const output = list && this.compact >= 1 && given.length > 6 ? this.columns(given, list) : given;
    const head = base === '' ? '' : `${base} `;
    if (this.compact >= 1 && this.level - level < this.compact && output.length === given.length) {
      const start = output.length + this.indentation + opening.length + base.length + 10;
      const joined = output.join(', ');
      if (this.fits(output, start, base) && !joined.includes('\n')) return `${head}${opening} ${joined} ${closing}`;
    }
    const indent = `\n${' '.repeat(this.indentation)}`;
    return `${head}${opening}${indent}  ${output.join(`,${indent}  `)}${indent}${closing}`;
  }

  private fits(output: readonly string[], start: number, base: string): boolean {
    const length = output.reduce((sum, text) => sum + text.length, output.length + start);
    return length <= this.breakLength && start + 2 * output.length <= this.breakLength && !base.includes('\n');
  }

  /** Many short items of a list, in columns. */
  private columns(output: string[], list: object): string[] {
    const extra = this.maxItems < output.length ? 1 : 0;
    const count = output.length - extra;
    const lengths = output.slice(0, count).map((text) => text.length);
    const longest = Math.max(...lengths);
    const total = lengths.reduce((sum, length) => sum + length + 2, 0);
    const width = longest + 2;
    const crowded = width * 3 + this.indentation >= this.breakLength;
    if (crowded || (total / width <= 5 && longest > 6)) return output;
    const biased = Math.max(width - 3 - Math.sqrt(width - total / output.length), 1);
    const columns = Math.min(
      Math.round(Math.sqrt(2.5 * biased * count) / biased),
      Math.floor((this.breakLength - this.indentation) / width),
      this.compact * 4,
      15,
    );
    if (columns <= 1) return output;
    const widths = Array.from({ length: columns }, (_, column) =>
      lengths.reduce((most, length, i) => (i % columns === column ? Math.max(most, length) : most), 0),
    );
    const items = list as ArrayLike<unknown>;
    const isNumeric = output.every((_, i) => typeof items[i] === 'number' || typeof items[i] === 'bigint');
    const rows: string[] = [];
    for (let first = 0; first < count; first += columns) {
      const row = output.slice(first, Math.min(first + columns, count));
      const cells = row.map((text, i) => {
        const isLast = i === row.length - 1;
        const cell = isLast ? text : `${text}, `;
        if (isNumeric) return cell.padStart(widths[i] + (isLast ? 0 : 2));
        return isLast ? cell : cell.padEnd(widths[i] + 2);
      });
      rows.push(cells.join(''));
    }
    return extra ? [...rows, output[count]] : rows;
  }
}

interface Shape {
  /** What stands before the braces, or instead of them when there is nothing to put into them. */
  readonly base: string;
  readonly braces: readonly [string, string];
  readonly items: 'array' | 'set' | 'map' | 'promise' | null;
  /** Numbered items are no properties. */
  readonly isList: boolean;
  /** What stands for the object where it is too deep to be opened. */
  readonly name: string;
}

function more(count: number): string {
  return `... ${count} more item${count > 1 ? 's' : ''}`;
}

function constructorName(value: object): string | null {
  for (let at: object | null = value; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const made = Object.getOwnPropertyDescriptor(at, 'constructor')?.value as { name?: unknown } | undefined;
    if (typeof made === 'function' && typeof made.name === 'string' && made.name !== '') return made.name;
  }
  return null;
}

function functionText(value: object, name: string | null): string {
  const { name: own } = value as { name: string };
  if (/^class\b/.test(Function.prototype.toString.call(value))) {
    const parent = Object.getPrototypeOf(value) as { name?: string } | null;
    return `[class ${own === '' ? '(anonymous)' : own}${parent?.name ? ` extends ${parent.name}` : ''}]`;
  }
  return `[${name ?? 'Function'}${own === '' ? ' (anonymous)' : `: ${own}`}]`;
}

function isPlainName(key: string): boolean {
  return /^[A-Za-z_][A-Za-z_0-9]*$/.test(key);
}

const escapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '\\': '\\\\',
};

/** In single quotes, or in others where that saves escaping. */
function quoted(text: string): string {
  const quote = !text.includes("'") ? "'" : !text.includes('"') ? '"' : /`|\$\{/.test(text) ? "'" : '`';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is escaped.
  const escaped = text.replace(/[\u0000-\u001f\u007f-\u009f\\']/g, (sign) => {
    if (sign === "'") return quote === "'" ? "\\'" : sign;
    return escapes[sign] ?? `\\x${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return quote + escaped + quote;
}

function inspectValue(value: unknown, options: InspectOptions = {}): string {
  return new Inspector(options).value(value, 0);
}

/** The text of a value. */
export const inspect: { (value: unknown, options?: InspectOptions): string; readonly custom: symbol } = Object.assign(
  inspectValue,
  { custom },
);

/** `console.log`'s text: the placeholders of a first text filled in, everything else after it. */
export function format(...args: unknown[]): string {
  let rest = args;
  let text = '';
  if (typeof args[0] === 'string') {
    if (args.length === 1) return args[0];
    let next = 1;
    text = args[0].replace(/%[sdifjoOc%]/g, (place) => {
      if (place === '%%') return '%';
      if (next >= args.length) return place;
      return placed(place, args[next++]);
    });
    rest = args.slice(next);
    if (rest.length > 0) text += ' ';
  }
  return text + rest.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ');
}

function placed(place: string, value: unknown): string {
  switch (place) {
    case '%d':
    case '%i':
    case '%f': {
      if (typeof value === 'bigint' && place !== '%f') return `${value}n`;
      if (typeof value === 'symbol') return 'NaN';
      const number =
        place === '%d'
          ? Number(value)
          : place === '%i'
            ? Number.parseInt(String(value), 10)
            : Number.parseFloat(String(value));
      return Object.is(number, -0) ? '-0' : String(number);
    }
    case '%j':
      return JSON.stringify(value) ?? 'undefined';
    case '%o':
    case '%O':
      return inspect(value, { depth: place === '%o' ? 4 : 2 });
    case '%c':
      return '';
    default: {
      if (typeof value === 'number' || typeof value === 'bigint') return inspect(value);
      const isPlain = typeof value !== 'object' || value === null;
      return isPlain ? String(value) : inspect(value, { depth: 0, compact: 3 });
    }
  }
}
