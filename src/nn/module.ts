/** @file The base of all layers: finds parameters, buffers and submodules in its own fields, saves and loads them. */

import { type DType, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { shapeText } from '../ops/shapes.ts';
import { assertOptionalTensor, isTensor } from '../tensor/functions/operands.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';
import { isParameter, Parameter } from './parameter.ts';

export interface LoadStateOptions {
  /** Throw when names are missing or left over (default true). Wrong shapes always throw. */
  readonly strict?: boolean;
  /** Take the tensors as they are (mapped memory, their dtype) instead of copying into the parameters. */
  readonly assign?: boolean;
}

export interface LoadStateResult {
  readonly missingKeys: readonly string[];
  readonly unexpectedKeys: readonly string[];
}

export interface BufferOptions {
  /** Whether `stateDict` has it (default true). */
  readonly persistent?: boolean;
}

/** Where a parameter or buffer is kept: reading and replacing it. */
interface Slot {
  readonly name: string;
  readonly tensor: Tensor;
  readonly kind: 'parameter' | 'buffer';
  readonly persistent: boolean;
  set(tensor: Tensor): void;
}

/**
 * torch.nn.Module. Parameters, buffers and modules are found in own enumerable fields, and in arrays there;
 * names are paths (`layers.0.weight`).
 */
export abstract class Module {
  training = true;
  /** Name to whether it is saved. Not enumerable: what flattens modules by their fields does not see it. */
  readonly #buffers = new Map<string, boolean>();

  /**
   * Makes `tensor` part of the module's state without being a parameter, sets `this[name]`, and returns it:
   * `readonly window = this.registerBuffer('window', hannWindow(400))`. `persistent: false` keeps it out of `stateDict`.
   */
  registerBuffer<T extends Tensor | null>(name: string, tensor: T, options?: BufferOptions): T;
  registerBuffer(name: string, tensor: TensorLike, options?: BufferOptions): Tensor;
  registerBuffer(name: string, tensor: TensorLike | null, { persistent = true }: BufferOptions = {}): Tensor | null {
    assertOptionalTensor(tensor, 'registerBuffer', name);
    this.#buffers.set(name, persistent);
    (this as Record<string, unknown>)[name] = tensor;
    return tensor;
  }

  /** Whether the field holds a buffer, and one that `stateDict` saves. */
  bufferKind(name: string): 'persistent' | 'transient' | null {
    const persistent = this.#buffers.get(name);
    return persistent === undefined ? null : persistent ? 'persistent' : 'transient';
  }

  *namedChildren(): Generator<[string, Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) yield [name, value];
      else if (Array.isArray(value)) {
        for (const [i, item] of value.entries()) if (item instanceof Module) yield [`${name}.${i}`, item];
      }
    }
  }

  *children(): Generator<Module> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  /** This module under `prefix`, then all below it, each once. */
  *namedModules(prefix = '', seen: Set<Module> = new Set()): Generator<[string, Module]> {
    if (seen.has(this)) return;
    seen.add(this);
    yield [prefix, this];
    for (const [name, child] of this.namedChildren()) yield* child.namedModules(join(prefix, name), seen);
  }

  *modules(): Generator<Module> {
    for (const [, module] of this.namedModules()) yield module;
  }

  /** Each parameter once, under its first name. */
  *namedParameters(prefix = ''): Generator<[string, Parameter]> {
    const seen = new Set<Tensor>();
    for (const slot of slotsOf(this, prefix)) {
      if (slot.kind !== 'parameter' || seen.has(slot.tensor)) continue;
      seen.add(slot.tensor);
      yield [slot.name, slot.tensor as Parameter];
    }
  }

  *parameters(): Generator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter;
  }

  *namedBuffers(prefix = ''): Generator<[string, Tensor]> {
    for (const slot of slotsOf(this, prefix)) if (slot.kind === 'buffer') yield [slot.name, slot.tensor];
  }

  *buffers(): Generator<Tensor> {
    for (const [, buffer] of this.namedBuffers()) yield buffer;
  }

  /** Parameters and persistent buffers by name: the tensors themselves, not copies. */
  stateDict(): Record<string, Tensor> {
    const dict: Record<string, Tensor> = {};
    for (const slot of slotsOf(this)) if (slot.persistent) dict[slot.name] = slot.tensor;
    return dict;
  }

  /**
   * Replaces parameters and buffers by the tensors of the same names (torch.nn.Module.load_state_dict). Nothing is
   * changed unless everything fits; the error lists every name that is missing, left over or of another shape.
   */
  loadStateDict(
    dict: Readonly<Record<string, Tensor>>,
    { strict = true, assign = false }: LoadStateOptions = {},
  ): LoadStateResult {
    const slots = [...slotsOf(this)].filter((slot) => slot.persistent);
    const own = new Set(slots.map((slot) => slot.name));
    const missingKeys = [...own].filter((name) => !Object.hasOwn(dict, name));
    const unexpectedKeys = Object.keys(dict).filter((name) => !own.has(name));
    const misfits = slots.flatMap((slot) => {
      const given = dict[slot.name];
      if (given === undefined || String(given.sizes) === String(slot.tensor.sizes)) return [];
      return [`${slot.name}: ${shapeText(given.sizes)}, the model has ${shapeText(slot.tensor.sizes)}`];
    });
    if (misfits.length > 0 || (strict && missingKeys.length + unexpectedKeys.length > 0)) {
      throw new TnError({
        what: `loadStateDict: the tensors do not fit ${this.constructor.name}`,
        found: [
          ...listed('missing', strict ? missingKeys : []),
          ...listed('unexpected', strict ? unexpectedKeys : []),
          ...listed('wrong shape', misfits),
        ],
        fix:
          misfits.length > 0 ? 'load the checkpoint of this configuration' : 'map the names, or pass { strict: false }',
      });
    }
    for (const slot of slots) {
      const given = dict[slot.name];
      if (given === undefined) continue;
      if (assign) slot.set(slot.kind === 'parameter' ? new Parameter(given) : given);
      else {
        slot.tensor.storage.forgetContents();
        slot.tensor.copy_(given);
      }
    }
    return { missingKeys, unexpectedKeys };
  }

  /** Converts floating parameters and buffers; integer ones stay. */
  to(dtype: DType): this {
    const made = new Map<Tensor, Tensor>();
    for (const slot of slotsOf(this)) {
      const { tensor } = slot;
      if (!isFloat(tensor.dtype) || tensor.dtype === dtype) continue;
      const converted = made.get(tensor) ?? (isParameter(tensor) ? new Parameter(tensor.to(dtype)) : tensor.to(dtype));
      made.set(tensor, converted);
      slot.set(converted);
    }
    return this;
  }

  float(): this {
    return this.to('float32');
  }

  half(): this {
    return this.to('float16');
  }

  /** Sets `training` here and in all submodules; only Dropout looks at it. */
  train(mode = true): this {
    for (const module of this.modules()) module.training = mode;
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /** Calls `visit` on all submodules, then on this one. */
  apply(visit: (module: Module) => void): this {
    for (const child of this.children()) child.apply(visit);
    visit(this);
    return this;
  }

  /** The tree of modules, one a line (as Python's repr). */
  toString(): string {
    const lines = [...this.namedChildren()].map(
      ([name, child]) => `  (${name}): ${child.toString().replaceAll('\n', '\n  ')}`,
    );
    const head = `${this.constructor.name}(${this.extraRepr()}`;
    return lines.length === 0 ? `${head})` : `${head}\n${lines.join('\n')}\n)`;
  }

  /** What `toString` shows of this module besides its children. */
  extraRepr(): string {
    return '';
  }
}

function join(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

/** All parameters and buffers below `module`, tied ones under each of their names. */
function* slotsOf(module: Module, prefix = '', path: readonly Module[] = []): Generator<Slot> {
  if (path.includes(module)) return;
  const fields = module as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        const set = (tensor: Tensor): void => {
          value[i] = tensor;
        };
        if (isParameter(item))
          yield { name: join(prefix, `${name}.${i}`), tensor: item, kind: 'parameter', persistent: true, set };
      }
      continue;
    }
    if (!isTensor(value)) continue;
    const buffer = module.bufferKind(name);
    const kind = isParameter(value) ? 'parameter' : buffer ? 'buffer' : null;
    if (!kind) continue;
    const set = (tensor: Tensor): void => {
      fields[name] = tensor;
    };
    yield { name: join(prefix, name), tensor: value, kind, persistent: buffer !== 'transient', set };
  }
  for (const [name, child] of module.namedChildren()) yield* slotsOf(child, join(prefix, name), [...path, module]);
}

const shown = 30;

/** One line a name, the many shortened. */
function listed(kind: string, names: readonly string[]): string[] {
  const lines = names.slice(0, shown).map((name) => `${kind}: ${name}`);
  return names.length > shown ? [...lines, `${kind}: … and ${names.length - shown} more`] : lines;
}
