/** @file Puts what the engine lacks where programs look for it. */

/** Methods for a prototype or constructor; what the engine has itself stays. Not enumerable, as built-in ones are. */
export function defineMissing(target: object, methods: Readonly<Record<PropertyKey, unknown>>): void {
  for (const name of Reflect.ownKeys(methods)) {
    if (name in target) continue;
    Object.defineProperty(target, name, { value: methods[name as string], writable: true, configurable: true });
  }
}
