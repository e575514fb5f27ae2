/** @file Which files are scripts that the transformer can read. */

/** Letters before the language, the language, letters after it. */
export const scriptExtension = /\.([cm]?)(ts|js)(x?)$/;

/** Whether a path (without query) names a script this transformer can read. */
export function isScript(path: string): boolean {
  return scriptExtension.test(path);
}
