/** @file torch.nn: modules, layers, `functional`. */

export * from './containers.ts';
export * as functional from './functional.ts';
export * from './layers.ts';
export { type BufferOptions, type LoadStateOptions, type LoadStateResult, Module } from './module.ts';
export { isParameter, Parameter } from './parameter.ts';
