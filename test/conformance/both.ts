/** @file Both programs, one after the other, each with the decorators that its nearest tsconfig.json asks for. */

import './app.ts';
import './legacy/app.ts';
