// Takes a failing case apart: leaves out transactions, accounts, instructions and fields while the difference remains.
import type { Item } from './evm-program.ts';
import type { FuzzCase, FuzzTransaction } from './fuzz-case.ts';

type Fails = (candidate: FuzzCase) => Promise<boolean>;

/** The smallest case found that still fails, within about `attempts` tries. */
export async function minimise(failing: FuzzCase, fails: Fails, attempts = 3000): Promise<FuzzCase> {
  let left = attempts;
  let best = failing;
  const tried = async (candidate: FuzzCase): Promise<boolean> => {
    if (left-- <= 0 || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };

  for (let before = -1; left > 0 && before !== sizeOf(best); ) {
    before = sizeOf(best);
    await shrinkList(best.transactions, (transactions) => tried({ ...best, transactions }));
    await shrinkList(best.accounts, (accounts) => tried({ ...best, accounts }));
    for (let index = 0; index < best.accounts.length; index++) {
      const put = (part: object) => ({
        ...best,
        accounts: best.accounts.map((account, at) => (at === index ? { ...account, ...part } : account)),
      });
      await shrinkProgram(best.accounts[index]!.program, (program) => tried(put({ program })));
      await tried(put({ storage: new Map() }));
    }
    for (let index = 0; index < best.transactions.length; index++) {
      const put = (change: (transaction: FuzzTransaction) => FuzzTransaction) => ({
        ...best,
        transactions: best.transactions.map((transaction, at) => (at === index ? change(transaction) : transaction)),
      });
      const { input, program } = best.transactions[index]!;
      if (program !== undefined)
        await shrinkProgram(program, (smaller) => tried(put((old) => ({ ...old, program: smaller }))));
      for (const part of [{ data: new Uint8Array(0) }, { value: 0n }, { accessList: [] }, { type: 0 }] as const) {
        await tried(put((old) => ({ ...old, input: { ...old.input, ...part } })));
      }
      await shrinkList([...(input.authorizationList ?? [])], (authorizationList) =>
        tried(put((old) => ({ ...old, input: { ...old.input, authorizationList } }))),
      );
    }
  }
  return best;
}

function sizeOf({ accounts, transactions }: FuzzCase): number {
  const items = (program: readonly Item[]): number =>
    program.reduce((sum, item) => sum + (item.kind === 'data' ? 1 + items(item.program) : 1), 0);
  return (
    accounts.reduce((sum, { program, storage }) => sum + 1 + storage.size + items(program), 0) +
    transactions.reduce((sum, { program = [], input }) => sum + 10 + items(program) + input.data.length, 0)
  );
}

/** Leaves out halves, quarters … single elements. */
async function shrinkList<T>(list: T[], tried: (smaller: T[]) => Promise<boolean>): Promise<T[]> {
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < list.length; ) {
      const smaller = [...list.slice(0, at), ...list.slice(at + size)];
      if (await tried(smaller)) list = smaller;
      else at += size;
    }
  }
  return list;
}

async function shrinkProgram(program: Item[], tried: (smaller: Item[]) => Promise<boolean>): Promise<Item[]> {
  let best = await shrinkList(program, tried);
  for (let index = 0; index < best.length; index++) {
    const item = best[index]!;
    if (item.kind === 'data') {
      await shrinkProgram(item.program, async (inner) => {
        const smaller = best.map((old, at): Item => (at === index ? { ...item, program: inner } : old));
        if (!(await tried(smaller))) return false;
        best = smaller;
        return true;
      });
    } else if (item.kind === 'push' && item.value > 1n) {
      for (const value of [0n, 1n, item.value >> 1n]) {
        const smaller = best.map((old, at): Item => (at === index ? { ...item, value } : old));
        if (!(await tried(smaller))) continue;
        best = smaller;
        break;
      }
    }
  }
  return best;
}
