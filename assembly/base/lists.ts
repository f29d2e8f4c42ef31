// Lock-free lists that workers push to and one of them, or the host, takes as a whole.

import * as shared from "./shared";

/**
 * Puts `node` at the head of the list in `field` of `holder`. Any worker. NEXT is the first word of every node.
 *
 * Linearises: at the successful swap of the head.
 * Order: the node's contents and its NEXT before the swap, so that whoever takes the list finds complete nodes. Nodes
 *   are never taken singly: no ABA.
 * Progress: lock-free. A failed swap means that another worker pushed.
 */
export function push(holder: u32, field: u32, node: u32): void {
  while (true) {
    const head = shared.read(holder, field);
    shared.write(node, 0, head);
    if (shared.swapIf(holder, field, head, node)) return;
  }
}
