// How errors name a task of a run: by its place in the block, where the run is one.

/** Where a block's transactions are among the tasks of its run; the others are the protocol's own steps. */
export interface BlockTasks {
  readonly firstTransaction: number;
  readonly transactionCount: number;
}

/** `index` counts from the block's first transaction: below 0 and from the last one on, it is a step of the protocol. */
export function nameTask(
  task: number,
  block: BlockTasks | undefined,
): { readonly index: number; readonly name: string } {
  if (block === undefined) return { index: task, name: `task ${task}` };
  const index = task - block.firstTransaction;
  if (index < 0) return { index, name: 'a step before the transactions' };
  return { index, name: index < block.transactionCount ? `transaction ${index}` : 'a step after the transactions' };
}
