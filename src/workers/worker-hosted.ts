// The worker's script as pages serve it (`assets.worker`): with all that it would otherwise load from the library.

import * as alone from './alone.ts';
import { inside } from './inside.ts';
// By a name: the package says that nothing happens by importing alone.
import { isUp } from './worker-main.ts';

// In the same turn in which the script has opened its port: no message is behind it yet.
if (isUp()) inside.alone = alone;
