/** @file This package's version. */

/** Kept equal to package.json by a test. */
export function packageVersion(): string {
  return '0.1.0';
}
