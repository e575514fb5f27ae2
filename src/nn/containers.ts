/** @file Modules that hold modules in order. Items are the fields '0', '1', …, so their names are `layers.0.weight`. */

import { TnError } from '../core/errors.ts';
import { assertTensor } from '../tensor/functions/operands.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';
import { Module } from './module.ts';

/** A list of modules (torch.nn.ModuleList): index with `at(i)`, iterate with for … of. */
export class ModuleList<M extends Module = Module> extends Module implements Iterable<M> {
  constructor(modules: Iterable<M> = []) {
    super();
    for (const module of modules) this.append(module);
  }

  get length(): number {
    return this.items().length;
  }

  /** The i-th module; negative counts from the end. */
  at(i: number): M {
    const found = this.items().at(i);
    if (!found) throw new TnError({ what: `ModuleList: no item ${i} among ${this.length}` });
    return found;
  }

  append(module: M): this {
    (this as unknown as Record<string, M>)[String(this.length)] = module;
    return this;
  }

  [Symbol.iterator](): Iterator<M> {
    return this.items()[Symbol.iterator]();
  }

  map<T>(visit: (module: M, i: number) => T): T[] {
    return this.items().map(visit);
  }

  private items(): M[] {
    return Object.values(this).filter((value): value is M => value instanceof Module);
  }
}

interface Layer extends Module {
  /** Typed number where it returns the result of an operator; a tensor it must be. */
  forward(x: Tensor): TensorLike;
}

/** One after the other (torch.nn.Sequential). */
export class Sequential extends ModuleList<Layer> {
  constructor(...modules: Layer[]) {
    super(modules);
  }

  forward(x: TensorLike): Tensor {
    assertTensor(x, 'Sequential', 'x');
    let y: Tensor = x;
    for (const layer of this) {
      const next = layer.forward(y);
      assertTensor(next, layer.constructor.name, 'result');
      y = next;
    }
    return y;
  }
}
