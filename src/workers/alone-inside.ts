// To be imported before the worker's script: it need not be told where the module is that runs alone.

import * as alone from './alone.ts';
import { inside } from './inside.ts';

inside.alone = alone;
