// The worker's script as pages serve it (`assets.worker`): with all that it would otherwise load from the library.

import './alone-inside.ts';
import './worker-main.ts';
