// What the committed transactions of a block wrote, one location after the other, each once: for the host, while no
// worker is inside the core. Costs what the block wrote, however large the state is.

import { Incarnation, Location, WriteEntry } from "../layout";
import { locationAt } from "../store/locations";
import { recordIn, statusOf } from "../schedule/status";
import { writesOf } from "./attempt";

/** Number of the walk: a location that carries it has been met. */
let walk: u32 = 0;
let transaction: u32 = 0;
let end: u32 = 0;
/** Writes of the transaction that are behind us. */
let met: u32 = 0;

/** Begins a walk over the writes of transactions from `first` to before `last`. */
export function beginWritten(first: u32, last: u32): void {
  walk++;
  transaction = first;
  end = last;
  met = 0;
}

/** The next location, 0 when all were met. */
export function nextWritten(): u32 {
  while (transaction < end) {
    const record = recordIn(statusOf(transaction));
    const total = load<u32>(record, Incarnation.WRITE_COUNT);
    while (met < total) {
      const location = locationAt(load<u32>(writesOf(record) + met * WriteEntry.SIZE, WriteEntry.LOCATION));
      met++;
      if (load<u32>(location, Location.WALK) == walk) continue;
      store<u32>(location, walk, Location.WALK);
      return location;
    }
    transaction++;
    met = 0;
  }
  return 0;
}
