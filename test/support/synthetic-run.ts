// Random synthetic blocks through the public engine, inside the core and by an executor outside it, against the oracle.
import { Kind } from '../../assembly/layout.ts';
import { moduleUrl } from '../../src/base/platform.ts';
import { type Engine, type ExecutionOptions, type ExecutionResult, memoryState } from '../../src/index.ts';
import {
  type Instruction,
  Operation,
  partsOfKey,
  runSequentially,
  type SyntheticBlock,
  stateKey,
} from './synthetic.ts';

/** Numbers from 0 to 1, exclusive, repeatable by their seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface BlockShape {
  readonly transactions: number;
  /** Accounts; few make many conflicts. */
  readonly accounts: number;
  readonly slots: number;
  /** Rounds of mixing per program: its duration. */
  readonly spin: number;
}

/** A random block: dynamic reads and writes, credits and debits, predicates, resets, failures, lying hints. */
export function randomBlock(random: () => number, shape: BlockShape): SyntheticBlock {
  const below = (limit: number) => Math.floor(random() * limit);
  const account = () => 1 + below(shape.accounts);
  const nonces = new Map<number, number>();
  const instruction = (): Instruction => {
    const a = account();
    switch (below(15)) {
      case 0:
      case 1:
        return [Operation.READ, a, below(shape.slots)];
      case 2:
      case 3:
        return [Operation.WRITE, a, below(shape.slots), below(1000)];
      case 4:
        return [Operation.INCREMENT, a, below(shape.slots), 1 + below(9)];
      case 5:
        return [Operation.READ_BALANCE, a];
      case 6:
      case 7:
        return [Operation.CREDIT, a, below(50)];
      case 8:
        return [Operation.DEBIT, a, below(60)];
      case 9:
        return [Operation.SKIP_UNLESS_AT_LEAST, a, below(200), 1 + below(2)];
      case 10:
        return [Operation.READ_DYNAMIC, a, shape.slots];
      case 11:
        return [Operation.WRITE_DYNAMIC, a, shape.slots, below(1000)];
      case 12:
        return random() < 0.3 ? [Operation.RESET, a] : [Operation.READ, a, below(shape.slots)];
      case 13:
        return random() < 0.5 ? [Operation.REVERT_IF_ODD] : [Operation.FAIL_IF_DIVISIBLE, 2 + below(6)];
      default: {
        const nonce = nonces.get(a) ?? 0;
        nonces.set(a, nonce + 1);
        return [Operation.NONCE, a, random() < 0.9 ? nonce : below(5)];
      }
    }
  };
  const programs = Array.from({ length: shape.transactions }, () => {
    const program: Instruction[] = [];
    if (shape.spin > 0) program.push([Operation.SPIN, below(2 * shape.spin)]);
    for (let left = 1 + below(8); left > 0; left--) program.push(instruction());
    return program;
  });
  const dependencies: [number, number][] = [];
  for (let higher = 1; higher < shape.transactions; higher++) {
    if (random() < 0.1) dependencies.push([below(higher), higher]);
  }
  const balances = Object.fromEntries(
    Array.from({ length: shape.accounts }, (_, i) => [i + 1, below(300)]).filter(() => random() < 0.7),
  );
  const storage = Array.from({ length: shape.accounts }, (_, i) => [i + 1, below(shape.slots), 1 + below(99)] as const);
  return { balances, storage, programs, dependencies };
}

/** The programs of a block as the tasks of the core's own executor. */
export function tasksOf(block: SyntheticBlock) {
  return block.programs.map((program, id) => {
    const payload = new Uint8Array(program.length * 16);
    const view = new DataView(payload.buffer);
    program.forEach((instruction, at) => {
      for (let word = 0; word < 4; word++) view.setUint32(at * 16 + word * 4, instruction[word] ?? 0, true);
    });
    const dependencies = (block.dependencies ?? []).filter(([, higher]) => higher === id).map(([lower]) => lower);
    return { id, payload, dependencies };
  });
}

/** The same programs by an executor outside the core, over the state view. */
export const outsideExecutor = moduleUrl(`
  const MULTIPLIER = 0xbf58476d1ce4e5b9n;
  const mix = (left, right) => {
    const product = BigInt.asUintN(64, (left ^ right) * MULTIPLIER + 1n);
    return product ^ (product >> 29n);
  };
  const addressOf = (account) => {
    const address = new Uint8Array(20);
    new DataView(address.buffer).setUint32(16, account);
    return address;
  };
  const wordOf = (number) => {
    const word = new Uint8Array(32);
    new DataView(word.buffer).setBigUint64(24, BigInt(number));
    return word;
  };
  const numberOf = (word) => new DataView(word.buffer, word.byteOffset).getBigUint64(24);
  const run = (task, view, turn) => {
    const program = new DataView(task.payload.buffer, task.payload.byteOffset, task.payload.length);
    let accumulator = BigInt(task.id);
    let status = 'success';
    for (let at = 0; at < program.byteLength && status === 'success'; at += 16) {
      const [operation, a, b, c] = [0, 4, 8, 12].map((word) => program.getUint32(at + word, true));
      const address = addressOf(a);
      const read = (slot) => numberOf(view.storage(address, wordOf(slot)));
      const write = (slot, value) => view.setStorage(address, wordOf(slot), wordOf(value));
      if (operation === 1) accumulator = mix(accumulator, read(b));
      else if (operation === 2) write(b, mix(accumulator, BigInt(c)));
      else if (operation === 3) accumulator = mix(accumulator, view.balance(address));
      else if (operation === 4) view.credit(address, BigInt(b));
      else if (operation === 5) {
        const balance = view.balance(address);
        if (balance < BigInt(b)) status = 'reverted';
        else view.setBalance(address, balance - BigInt(b));
      } else if (operation === 6) {
        if (!view.balanceAtLeast(address, BigInt(b))) at += c * 16;
      } else if (operation === 7) view.resetStorage(address);
      else if (operation === 8) {
        if (view.nonce(address) !== BigInt(b)) status = 'invalid';
        else view.setNonce(address, BigInt(b) + 1n);
      } else if (operation === 9) accumulator = mix(accumulator, read(accumulator % BigInt(b)));
      else if (operation === 10) write(accumulator % BigInt(b), mix(accumulator, BigInt(c)));
      else if (operation === 11) for (let round = 0; round < a / 100; round++) mix(accumulator, BigInt(round));
      else if (operation === 12) status = accumulator % 2n === 1n ? 'reverted' : status;
      else if (operation === 13) status = accumulator % BigInt(a) === 0n ? 'failed' : status;
      else if (operation === 14) write(b, BigInt.asUintN(64, read(b) + BigInt(c)));
    }
    const output = new Uint8Array(8);
    new DataView(output.buffer).setBigUint64(0, accumulator, true);
    return { status, gasUsed: 21000n, output };
  };
  export function createExecutor(options) {
    return {
      execute: options?.promises ? async (task, view) => (await null, run(task, view)) : run,
    };
  }
`);

/** The state before a block, as a source. */
export function stateOf(block: SyntheticBlock) {
  const accounts = new Map<string, { balance?: bigint; storage: Record<string, bigint> }>();
  const entry = (account: number) => {
    const address = `0x${account.toString(16).padStart(40, '0')}`;
    const known = accounts.get(address) ?? { storage: {} };
    accounts.set(address, known);
    return known;
  };
  for (const [account, balance] of Object.entries(block.balances ?? {}))
    entry(Number(account)).balance = BigInt(balance);
  for (const [account, slot, value] of block.storage ?? [])
    entry(account).storage[`0x${slot.toString(16)}`] = BigInt(value);
  return memoryState(accounts);
}

export type SyntheticWay = 'inside' | 'outside' | 'outside with promises';

/** Runs a block on an engine; the rejection is the engine's. */
export function runSynthetic(engine: Engine, block: SyntheticBlock, way: SyntheticWay, options: ExecutionOptions = {}) {
  const executor =
    way === 'inside' ? 'synthetic' : { module: outsideExecutor, options: { promises: way !== 'outside' } };
  return engine.execute(tasksOf(block), executor, { state: stateOf(block), ...options });
}

/** The first difference between what the engine found and the oracle; undefined when there is none. */
export function differenceFromOracle(block: SyntheticBlock, found: ExecutionResult): string | undefined {
  const expected = runSequentially(block);
  const statuses = ['none', 'success', 'reverted', 'failed', 'invalid'];
  if (found.results.length !== expected.outcomes.length) return `${found.results.length} results`;
  for (const [i, { id, status, output }] of found.results.entries()) {
    if (id !== i) return `result ${i} has the id ${id}`;
    const wanted = statuses[expected.outcomes[i] ?? 0];
    if (status !== wanted) return `task ${i}: ${status} instead of ${wanted}`;
    const accumulator = new DataView(output.buffer, output.byteOffset).getBigUint64(0, true);
    if (accumulator !== expected.outputs[i])
      return `task ${i}: output ${accumulator} instead of ${expected.outputs[i]}`;
  }
  const state = new Map<number, bigint>();
  const set = (key: number, value: bigint) => (value === 0n ? state.delete(key) : state.set(key, value));
  for (const [account, balance] of Object.entries(block.balances ?? {})) {
    set(stateKey(Kind.BALANCE, Number(account)), BigInt(balance));
  }
  for (const [account, slot, value] of block.storage ?? []) set(stateKey(Kind.STORAGE, account, slot), BigInt(value));
  for (const [address, diff] of found.state.stateDiff) {
    const account = Number(address);
    if (diff === null) return `account ${account} has disappeared`;
    if (diff.destroyed) {
      // Slots that nobody has loaded are not listed. One that was written again as it was is not listed either.
      for (const key of [...state.keys()]) {
        const { kind, account: owner } = partsOfKey(key);
        const isAsBefore = expected.state.get(key) === state.get(key);
        if (kind === Kind.STORAGE && owner === account && !isAsBefore) state.delete(key);
      }
    }
    if (diff.balance !== undefined) set(stateKey(Kind.BALANCE, account), diff.balance);
    if (diff.nonce !== undefined) set(stateKey(Kind.NONCE, account), diff.nonce);
    for (const [slot, value] of diff.storage) set(stateKey(Kind.STORAGE, account, Number(slot)), BigInt(value));
  }
  const known = new Map([...expected.state].filter(([key]) => Math.floor(key / 2 ** 32) !== Kind.CODE));
  for (const [key, value] of known)
    if (state.get(key) !== value) return `state ${key}: ${state.get(key)} instead of ${value}`;
  for (const [key, value] of state) if (!known.has(key)) return `state ${key}: ${value} instead of nothing`;
  return undefined;
}
