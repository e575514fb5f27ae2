/**
 * @file What ordinary programs expect of a JavaScript engine and an older one lacks; loaded before anything else of a
 * packaged program. Where the engine has something itself, that stays.
 */

import './language.ts';
import './arrays.ts';
import './text.ts';
import './timers.ts';
import './clone.ts';
import './url.ts';
import './console.ts';
