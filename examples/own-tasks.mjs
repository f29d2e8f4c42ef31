// Tasks of one's own, in parallel, with the result of running them in order: payments between accounts.
import { createEngine } from 'pevm-wasm';

const executor = {
  execute({ payload: { from, to, amount } }, view) {
    // Records only that there is enough: other payments do not disturb it.
    if (!view.atLeast(from, amount)) return { status: 'reverted', error: `${from} has too little` };
    view.writeNumber(from, view.readNumber(from) - amount);
    view.add(to, amount); // credits of several tasks commute
    return { status: 'success' };
  },
};
const payments = [
  { from: 'alice', to: 'bob', amount: 60n },
  { from: 'alice', to: 'carol', amount: 60n },
  { from: 'bob', to: 'carol', amount: 10n },
];
const engine = await createEngine();
const tasks = payments.map((payload, id) => ({ id, payload }));
const { results, state } = await engine.execute(tasks, executor, { numbers: { alice: 100n } });

for (const { id, status, error } of results) console.log(`payment ${id}: ${status}${error ? ` (${error})` : ''}`);
for (const name of ['alice', 'bob', 'carol']) console.log(`${name}: ${state.readNumber(name)}`);
await engine.dispose();
