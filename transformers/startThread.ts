/**
 * @file Importing this starts the thread that module hooks run in, for what is imported next to be loaded meanwhile.
 *
 * `register` starts the thread and waits until it runs, half of what a short program takes until it calls native code. Node
 * has no way to ask for the first half alone; but it makes the thread before it looks at what is to be registered, and
 * that refuses here. Where Node looks first, no thread starts, and `register` does both as ever.
 */

import { register } from 'node:module';

const refusing = {
  toString(): string {
    throw new Error('only the thread was wanted');
  },
};

try {
  register(refusing as unknown as string);
} catch {
  // As it should be; and whatever else is wrong, `register` says when it is called in earnest.
}
