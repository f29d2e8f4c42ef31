// The multi-version store on its own: what transaction 7 reads depends on what lower ones have written by then.
import { openVersionStore } from 'pevm-wasm';

const store = await openVersionStore();
store.writeNumber('balance', 100n, { transaction: 2, incarnation: 0 });
store.add('balance', 5n, { transaction: 4 }); // credits do not disturb each other

const snapshot = store.snapshot(7);
console.log(`transaction 7 reads ${snapshot.readNumber('balance').value}`);

store.invalidate(2); // it was validated in vain, and runs again
console.log(`and now: ${snapshot.readNumber('balance').status}; what it read holds: ${snapshot.holds()}`);
store.writeNumber('balance', 90n, { transaction: 2, incarnation: 1 });
console.log(`a new snapshot reads ${store.snapshot(7).readNumber('balance').value}`);
