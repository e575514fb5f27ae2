/**
 * @file Importing this starts the thread that module hooks run in, for what is imported next to be loaded meanwhile.
 *
 * `register` starts the thread and waits until it runs, half of what a short program takes until it calls native code. Node
 * has no way to ask for the first half alone; but it makes the thread before it looks at what is to be registered, and
 * that refuses here. Where Node looks first, no thread starts, and `register` does both as ever.
 */

import { register } from 'node:module';

class Started extends Error {}

const refusing = {
  toString(): string {
    throw new Started();
  },
};

try {
  register(refusing as unknown as string);
} catch (error) {
  if (!(error instanceof Started)) throw error;
}
