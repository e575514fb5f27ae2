/**
 * @file What `tn run` loads before the program, in the order of these imports: with the hooks in place each module would be
 * asked for across threads, and while their thread starts the library and the way into native code are made ready.
 */

import '../../transformers/startThread.ts';
import 'torchnative';
import './loadKoffi.ts';
import '../../transformers/register.ts';
