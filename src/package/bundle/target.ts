/** @file The JavaScript that the engine of a packaged program runs: ES2020, and what of later editions it has. */

export const engineTarget = 'es2020';

/** Fields and private names stay as they are: as WeakMaps, what other engines get of them, they are slow. */
export const engineFeatures: Record<string, boolean> = {
  'class-field': true,
  'class-private-field': true,
  'class-private-method': true,
  'class-private-accessor': true,
  'class-static-field': true,
  'class-private-static-field': true,
  'class-private-static-method': true,
  'class-private-static-accessor': true,
  'logical-assignment': true,
};
