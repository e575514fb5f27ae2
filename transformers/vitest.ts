/** @file The transformer as a plugin of vitest, which takes vite's: `plugins: [torchnative()]`. */

export { type PluginOptions, type TorchnativePlugin, torchnative } from './vite.ts';
